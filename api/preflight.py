"""Preflight as the API sees it: a question on its own queue, and an answer in the store that is awaited for a while."""

from collections.abc import Mapping

from kombu.exceptions import OperationalError
from pydantic import BaseModel, ConfigDict, ValidationError

from api.dependencies import Context
from api.errors import Finding
from jobs.job import JobOptions, Notice
from jobs.logging import logger
from jobs.queue import PREFLIGHT_QUEUE, ring_preflight

log = logger(__name__)


class PreflightFinding(BaseModel):
    """Something because of which the inputs cannot be rendered."""

    code: str
    message: str
    param: str | None = None

    def as_finding(self) -> Finding:
        """Return it as a finding about the request."""
        return Finding(self.code, self.message, self.param)


class PreflightWarning(BaseModel):
    """Something that the client should know, and that stops nothing."""

    code: str
    message: str


class ShownPicture(BaseModel):
    """The image as it was decoded, made small: `url` is a JPEG in a data URL, width and height are the image's own."""

    width: int
    height: int
    url: str


class PreflightAnswer(BaseModel):
    """What the preflight worker found out.

    Attributes:
        seconds: of the driving audio; `num_frames` and `segments` follow from it.
        crop: the proposed square, x,y,w,h in pixels of the image.
        frame: what the video shows of the image, likewise.
        size: width x height of the video to come.
        estimate_s: expected render time in seconds.
        keypoints: 134 of x, y in pixels of the 512 canvas, and confidence.
        picture, waveform: as they were decoded, where that was asked for.
    """

    model_config = ConfigDict(frozen=True)

    findings: tuple[PreflightFinding, ...] = ()
    warnings: tuple[PreflightWarning, ...] = ()
    seconds: float | None = None
    crop: str | None = None
    frame: str | None = None
    size: str | None = None
    num_frames: int | None = None
    segments: int | None = None
    estimate_s: float | None = None
    keypoints: tuple[tuple[float, float, float], ...] | None = None
    picture: ShownPicture | None = None
    waveform: tuple[float, ...] | None = None

    def told_as_estimated(self, unspoken_s: float) -> "PreflightAnswer":
        """Return the answer with a warning that its numbers stand on an estimate: no speech was made for it."""
        message = (
            f"text: nothing was spoken for this look; {unspoken_s:g} s is estimated from its length, and seconds, "
            "num_frames, segments and estimate_s follow from that"
        )
        told = PreflightWarning(code="seconds_estimated", message=message)
        return self.model_copy(update={"warnings": (*self.warnings, told)})

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The warnings as a job carries them."""
        return tuple(Notice(warning.code, warning.message) for warning in self.warnings)


async def is_preflight_live(context: Context) -> bool:
    """Say whether a preflight worker gave a sign of life lately.

    Raises:
        StoreUnavailable
    """
    workers = await context.store.workers(context.settings.limits.preflight_live_s)
    return any(PREFLIGHT_QUEUE in worker.queues for worker in workers)


async def answer_about(
    context: Context, question_id: str, tenant: str, about: Mapping[str, str], wait_s: float
) -> str | None:
    """Return a preflight worker's answer (JSON text) about stored files; None when none came in time.

    Raises:
        StoreUnavailable
    """
    if not await is_preflight_live(context):
        return None
    await context.store.ask_preflight(question_id, tenant, about, wait_s)
    try:
        await context.bells.ask(ring_preflight)
    except OperationalError as error:
        log.warning("preflight_not_asked", error=str(error))
        return None
    answer = await context.store.wait_preflight_answer(question_id, wait_s)
    if answer is None:
        log.warning("preflight_did_not_answer", question_id=question_id, waited_s=wait_s)
    return answer


def question_about(
    inputs: Mapping[str, str],
    options: JobOptions,
    unspoken_s: float | None = None,
    transcript: str | None = None,
    *,
    looks: bool = False,
) -> dict[str, str]:
    """Return what is asked about inputs, storage key by field name, and how the client wants them taken.

    Args:
        unspoken_s: about how long the speech will be that is to be made of a text, where it is not among the inputs.
        transcript: what is said in the recording, where the client tells.
        looks: also to show picture and sound as they were decoded.
    """
    asked = {"crop": options.crop, "framing": options.framing, "lips": options.lips}
    silence = {"allow_silence": "true"} if options.allow_silence else {}
    speech = {"unspoken_s": str(unspoken_s)} if unspoken_s is not None and "audio" not in inputs else {}
    shown = {"looks": "true"} if looks else {}
    captions = {"captions": options.captions, "transcript": transcript} if options.captions != "off" else {}
    words = {name: word for name, word in (asked | captions).items() if word is not None}
    return {**inputs, **silence, **speech, **shown, **words}


async def look_at(
    context: Context, job_id: str, tenant: str, about: Mapping[str, str], wait_s: float
) -> PreflightAnswer | None:
    """Ask for a look at stored inputs; None when nobody is there to look, or does not answer in time.

    Args:
        job_id: names the question; the client's request id may not be unique.
        tenant: whose turn it takes.
        about: what `question_about` made.

    Raises:
        StoreUnavailable
    """
    answer = await answer_about(context, job_id, tenant, about, wait_s)
    if answer is None:
        return None
    try:
        return PreflightAnswer.model_validate_json(answer)
    except ValidationError as error:
        log.error("preflight_answer_unreadable", job_id=job_id, error=str(error))
        return None

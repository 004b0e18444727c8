"""`mmgt submit`: post, follow the events, download; and the same as a `curl` line. An interrupt cancels the job."""

import io
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Self

import mmgt
from deploy.client import KEY_VARIABLE, NO_VIDEO, UNREACHABLE, Service, ServiceError
from mmgt_core.errors import Cancelled
from mmgt_core.progress_bar import ProgressBar

VIDEO: mmgt.Variant = "video"
CAPTIONS: mmgt.Variant = "captions"

SUFFIXES: dict[mmgt.Variant, str] = {
    "pose": ".pose.mp4",
    "masks": ".masks.mp4",
    "keypoints": ".keypoints.npy",
    "thumbnail": ".thumbnail.jpg",
    "manifest": ".manifest.json",
    "matte": ".matte.mp4",
    "transparent": ".transparent.mov",
    CAPTIONS: ".vtt",
}
"""What else can be downloaded, and how it is named beside the video."""


@dataclass(frozen=True)
class Submission:
    """What to send, and where. files: field name to path. fields: everything else, as text. number: of videos."""

    service: Service
    files: dict[str, Path]
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int | None:
        """How many videos are asked for as a list; None: one, by itself."""
        text = self.fields.get("n", "")
        return int(text) if text.isdecimal() else None

    def as_curl(self) -> str:
        """The same create call for a shell; a key appears only as a variable."""
        words = ["curl", f"{self.service.url}/v1/videos"]
        words += [word for name, path in self.files.items() for word in ("-F", f"{name}=@{path}")]
        for name, value in self.fields.items():  # in a text @, < and ; are only letters
            words += ["--form-string" if name in ("text", "transcript") else "-F", f"{name}={value}"]
        line = shlex.join(words)
        return f'{line} -H "Authorization: Bearer ${KEY_VARIABLE}"' if self.service.key else line


def beside(out: Path, variant: mmgt.Variant) -> Path:
    """Where a variant lies: the video's name with another suffix."""
    return out if variant == VIDEO else out.with_name(out.stem + SUFFIXES[variant])


def numbered(out: Path, turn: int, number: int | None) -> Path:
    """Where one of several videos lies: NAME.1.mp4 and so on; one alone keeps its name."""
    return out if number is None else out.with_name(f"{out.stem}.{turn + 1}{out.suffix}")


class Interrupts:
    """Ctrl-C and SIGTERM: the first ends what can be ended, and waits where a job may just be coming into being."""

    def __init__(self) -> None:
        self.count, self._is_answer_awaited = 0, False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if not self._is_answer_awaited or self.count > 1:
            raise KeyboardInterrupt

    @contextmanager
    def awaiting_the_answer(self) -> Iterator[None]:
        """Within, only a second signal interrupts, and one that came is told at the end by `check`."""
        self._is_answer_awaited = True
        try:
            yield
        finally:
            self._is_answer_awaited = False

    def check(self) -> None:
        """Raises: KeyboardInterrupt: there was a signal."""
        if self.count:
            raise KeyboardInterrupt


class _Upload(io.FileIO):
    """A file that is sent only as long as nobody interrupts: a body that is cut off makes no job."""

    def __init__(self, path: Path, interrupts: Interrupts) -> None:
        super().__init__(path, "rb")
        self._interrupts = interrupts

    def read(self, size: int | None = -1, /) -> bytes:
        self._interrupts.check()
        return super().read(-1 if size is None else size) or b""


def submit(
    submission: Submission, out: Path, variants: Sequence[mmgt.Variant], bar: ProgressBar
) -> list[tuple[mmgt.Video, Path]]:
    """Make one video, or as many as are asked for, and write the variants of each to `out` and beside it.

    Returns each video object and where its video lies, or would. Each file is complete or absent.

    Raises:
        ServiceError: refused, failed, cancelled, or the service cannot be reached.
        Cancelled: interrupted; says what became of the jobs.
    """
    made, failures = list[str](), list[str]()
    written = []
    with Interrupts() as interrupts:
        try:
            with submission.service.client() as client:
                videos = _create(client, submission, interrupts)
                made += [video["id"] for video in videos]
                interrupts.check()
                for turn, begun in enumerate(videos):
                    target = numbered(out, turn, submission.number)
                    try:
                        video = client.videos.wait(begun["id"], on_progress=_Shown(bar).show)
                        for variant in variants:
                            client.videos.download(video["id"], beside(target, variant), variant)
                        written.append((video, target))
                    except mmgt.NotCompleted as error:
                        failures.append(str(error))
                    made.remove(begun["id"])
        except KeyboardInterrupt as error:
            raise Cancelled(_given_up(submission.service, made, interrupts)) from error
        except ServiceError as error:
            if made and error.exit_status == UNREACHABLE:
                raise ServiceError(f"{error}; {_how_to_go_on(made, out)}", UNREACHABLE) from error
            raise
    if failures:
        raise ServiceError("; ".join(failures), NO_VIDEO)
    return written


def _given_up(service: Service, made: list[str], interrupts: Interrupts) -> str:
    """Cancel what was begun, and say so."""
    if not made:
        is_sure = interrupts.count == 1
        return "interrupted; no job was made" if is_sure else "interrupted before an answer; `mmgt list` shows all jobs"
    return "interrupted; " + "; ".join(_cancelled(service, video_id) for video_id in made)


def _cancelled(service: Service, video_id: str) -> str:
    try:
        with service.client() as client:
            status = client.videos.cancel(video_id)["status"]
    except ServiceError as error:
        how = f"`mmgt get {video_id}` tells, `mmgt cancel {video_id}` ends it"
        return f"{video_id} could not be cancelled and may still run: {how} ({error})"
    return f"{video_id} is {'being cancelled' if status == 'in_progress' else status}"


def _how_to_go_on(going_on: Sequence[str], out: Path) -> str:
    told = " and ".join(going_on)
    download = f"mmgt download {going_on[0]} --out {shlex.quote(str(out))}"
    return f"{told} goes on there: `mmgt get {going_on[0]} --wait`, `{download}`"


def _create(client: mmgt.Client, submission: Submission, interrupts: Interrupts) -> list[mmgt.Video]:
    with ExitStack() as stack:
        files = {name: stack.enter_context(_Upload(path, interrupts)) for name, path in submission.files.items()}
        wishes: dict[str, Any] = {**submission.fields, **files}
        with interrupts.awaiting_the_answer():
            return (
                client.videos.create_takes(**wishes)["data"] if submission.number else [client.videos.create(**wishes)]
            )


@dataclass
class _Shown:
    """The stage whose bar moves now; its last steps may pass between two events, so the next stage completes it."""

    bar: ProgressBar
    stage: str = ""
    steps: int = 0

    def show(self, video: mmgt.Video) -> None:
        """Move the bar of the video's stage."""
        detail = video["progress_detail"]
        is_done = video["status"] == "completed"
        if self.stage and (is_done or detail["stage"] != self.stage):
            self.bar.advance(self.stage.replace("_", " "), self.steps, self.steps)
        if detail["stage"] and detail["steps"] and not is_done:
            self.stage, self.steps = detail["stage"], detail["steps"]
            self.bar.advance(self.stage.replace("_", " "), detail["step"] or 0, self.steps)

"""Preflight: a look at stored inputs before a job is made; the decoding itself happens in the sandbox."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.disk import full_disk_is_an_outage
from jobs.errors import ObjectNotFound, StorageUnavailable
from jobs.logging import logger
from jobs.private_folders import OwnedFolder
from jobs.scratch import PREFLIGHT
from jobs.settings import LimitSettings
from jobs.verbs.preflight import AskedQuestion
from worker.errors import SandboxLost
from worker.identity import trusted_anchors_pem
from worker.launch import preset_to_serve
from worker.workplace import Workplace

log = logger(__name__)

VERIFIED = "video"
"""The field of a file whose mark is read; the sandbox knows it by the same name."""
_HOLDS = 3  # a look with its fetches takes no longer than so many of its time-outs
_WISHES = ("crop", "framing", "allow_silence", "lips", "unspoken_s", "looks", "captions", "transcript")
"""What a question has beside its files: fields of a create; and whether what was decoded is shown."""
_UNKNOWN = dict.fromkeys(("seconds", "crop", "frame", "size", "num_frames", "segments", "estimate_s", "keypoints"))


def answer_questions(place: Workplace) -> None:
    """Answer while somebody asks whose share is not under way; tenants take turns."""
    worker = place.settings.worker
    hold_s = _HOLDS * worker.preflight_timeout_s
    while not place.board.is_draining:
        question = place.store.take_question(worker.preflight_share_per_tenant, hold_s)
        if question is None:
            return
        try:
            answer_one(place, question)
        finally:
            place.store.question_done(question.request_id, question.tenant)


def answer_one(place: Workplace, question: AskedQuestion) -> None:
    """Look at what it is about: a video's mark, or inputs."""
    about = dict(question.about)
    if set(about) == {VERIFIED}:
        read_mark(place, question.request_id, about[VERIFIED])
    else:
        wishes = {name: about.pop(name) for name in _WISHES if name in about}
        look_at_inputs(place, question.request_id, about, wishes)


def look_at_inputs(place: Workplace, request_id: str, keys: Mapping[str, str], wishes: Mapping[str, str]) -> None:
    """Answer what is right and wrong about some inputs; where nothing can be said in time, say nothing.

    Args:
        request_id: whoever waits asks for the answer by it.
        keys: storage key by field name.
        wishes: how the client wants them taken, by field.
    """
    taken = {name: wish for name, wish in wishes.items() if name != "transcript"}
    question = {
        **taken,
        "captions": {"text": wishes.get("transcript", "")} if "captions" in wishes else None,
        "allow_silence": "allow_silence" in wishes,
        "unspoken_s": float(wishes["unspoken_s"]) if "unspoken_s" in wishes else None,
        "looks": "looks" in wishes,
        "limits": media_limits(place.settings.limits),
        "weights": str(place.settings.weights_folder),
        "preset": preset_to_serve(place.settings),
    }
    answer = _ask(place, keys, question)
    if answer is not None:
        estimate_s = _estimate_s(place, answer.get("seconds"))
        place.store.put_preflight_answer(request_id, json.dumps({**_UNKNOWN, **answer, "estimate_s": estimate_s}))
        log.info("inputs_inspected", request_id=request_id, findings=[each["code"] for each in answer["findings"]])


def read_mark(place: Workplace, request_id: str, key: str) -> None:
    """Answer what the provenance mark of a stored MP4 says."""
    answer = _ask(place, {"video": key}, {"trust_anchors_pem": trusted_anchors_pem(place.settings)})
    if answer is not None:
        place.store.put_preflight_answer(request_id, json.dumps(answer))
        log.info("mark_read", request_id=request_id, verdict=answer.get("verdict"))


def media_limits(limits: LimitSettings) -> dict[str, Any]:
    """Return the settings' limits by the names that the decoders know."""
    return {
        "max_image_bytes": limits.max_image_bytes,
        "max_image_pixels": limits.max_image_pixels,
        "min_image_side_px": limits.min_image_side_px,
        "max_side_ratio": limits.max_side_ratio,
        "max_audio_bytes": limits.max_audio_bytes,
        "min_audio_s": limits.min_seconds,
        "max_audio_s": limits.max_seconds,
        "max_video_bytes": limits.max_driving_video_bytes,
        "max_keypoints_bytes": limits.max_driving_keypoints_bytes,
        "max_captions_bytes": limits.max_captions_bytes,
        "max_framed_side_px": limits.max_framed_side_px,
    }


def _ask(place: Workplace, keys: Mapping[str, str], question: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        if place.sandbox is None:
            raise SandboxLost("this worker has no sandbox: it does not serve the preflight queue")
        with full_disk_is_an_outage(), OwnedFolder.new(place.scratch, PREFLIGHT) as folder:
            files = {field: str(_fetch(place, key, folder / field)) for field, key in keys.items()}
            answer = place.sandbox.ask({"files": files, **question})
    except (SandboxLost, StorageUnavailable, ObjectNotFound) as error:
        log.warning("inputs_not_inspected", error=str(error))
        return None
    if answer.get("timed_out"):
        log.warning("inspection_timed_out", timeout_s=place.settings.worker.preflight_timeout_s)
        return None
    return answer


def _fetch(place: Workplace, key: str, path: Path) -> Path:
    target = path.with_suffix(Path(key).suffix)
    place.storage.fetch_file(key, target)
    return target


def _estimate_s(place: Workplace, seconds: float | None) -> float | None:
    """Expected render seconds, from the mean of the busiest class that was ever measured."""
    if seconds is None:
        return None
    queues = [place.store.queue_state(name) for name in place.store.queue_classes()]
    means = [queue.mean_s_per_video_s for queue in queues if queue.mean_s_per_video_s is not None]
    return round(max(means) * seconds, 1) if means else None

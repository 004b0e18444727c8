"""What is found out about strangers' files, inside the sandbox: preflight's decoders run only here."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mmgt_core.backdrop.backdrop import KEEP, asked_backdrop
from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import PRESETS, Preset, SamplingOptions
from mmgt_core.errors import InputCode, InputError, MMGTError
from mmgt_core.media.image_decoding import decode_image
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.provenance import read_provenance
from mmgt_core.pipelines.driving_poses import PosesOfSomeFrames, poses_of_every_frame
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs, warned_of_photographs
from mmgt_core.pipelines.progress import InputStep, RunControl
from mmgt_core.pipelines.windows import segment_starts
from mmgt_core.pose.framing import parse_crop
from mmgt_core.pose_sampling import Lips
from mmgt_core.types import FPS
from mmgt_core.whole_picture.framing import Framing
from worker.decoded_looks import frame_of, show
from worker.packed_inputs import caption_source, pack

SEGMENT_FRAMES = 80
VERIFIED = "video"
"""The field of a file whose mark is read."""
_SEARCHED: dict[str, str] = {InputStep.PERSON: "image", InputStep.DRIVING_POSES: "driving_video"}
_NO_LIMITS_SUFFICED: dict[str, str] = {InputStep.DRIVING_KEYPOINTS: InputCode.DRIVING_KEYPOINTS_INVALID.value}
_FILM_S = 4.0
"""From the question on until no more of a driving video's frames are looked at: a create waits 5 s for the answer."""


@dataclass(frozen=True)
class Question:
    """What is asked about local files.

    Attributes:
        files: path by field of InputFiles; or `video`, whose mark is read.
        crop, framing, allow_silence, lips, backdrop: as the client gave them.
        unspoken_s: about how long the speech will be that nobody has made yet.
        looks: whether the picture and the sound are shown as they were decoded.
        captions: `text`, `language` and `heard` of what they are made of; None where there are to be none.
        limits: fields of MediaLimits.
        weights: folder where the detector's networks may lie.
        preset: whom the detector is for.
        output: folder into which the inputs themselves are packed; None where only the answer is wanted.
        trust_anchors_pem: the installation's own root; a mark that leads to it is trusted.
    """

    files: Mapping[str, str]
    crop: str = "auto"
    framing: str = "square"
    allow_silence: bool = False
    lips: str | None = None
    unspoken_s: float | None = None
    looks: bool = False
    backdrop: str = KEEP
    captions: Mapping[str, Any] | None = None
    limits: Mapping[str, Any] | None = None
    weights: str = "weights"
    preset: str = "mmgt-demo"
    trust_anchors_pem: str | None = None
    output: str | None = None


def inspect(question: Question, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return findings (definite faults), warnings, and what is known of the inputs, as JSON-ready values.

    Args:
        tell: hears which input is looked at, and steps over a driving video's pictures.
    """
    paths = {field: Path(path) for field, path in question.files.items()}
    try:
        if VERIFIED in paths:
            return _read_mark(paths[VERIFIED], question.trust_anchors_pem)
        limits = MediaLimits(**(question.limits or {}))
        files = InputFiles(**paths)
        weights, preset = Path(question.weights), PRESETS[question.preset]
        detector = partial(load_detector, weights, preset)
        control = RunControl(
            on_progress=lambda progress: tell({"step": progress.step, "steps": progress.steps}),
            on_input=lambda step: tell({"input": step.value}),
        )
        find_poses = poses_of_every_frame if question.output else PosesOfSomeFrames(time.monotonic() + _FILM_S)
        lips = Lips(question.lips) if question.lips else None
        crop, framing = parse_crop(question.crop), Framing(question.framing)
        backdrop, unspoken_s = asked_backdrop(question.backdrop), question.unspoken_s
        captions = None if question.captions is None else caption_source(question.captions)
        wishes = InputWishes(crop, framing, question.allow_silence, lips, captions, unspoken_s, backdrop)
        inputs = prepare_inputs(files, wishes, limits, detector, control, find_poses)
        inputs = warned_of_photographs(inputs, preset)
        if question.output is not None:
            tell({"input": inputs.sound.stem})
            return {"findings": [], "packed": pack(inputs, limits, Path(question.output))}
    except InputError as error:
        return {"findings": [{"code": error.code.value, "message": str(error), "param": error.field}], "warnings": []}
    answer = _describe(inputs, preset)
    if question.looks:
        answer |= show(inputs, decode_image(paths["image"], limits).pixels, is_heard=question.unspoken_s is None)
    return answer


def beyond_limits(looked_at: str) -> dict[str, Any]:
    """Return the answer where the limits of memory and time ended a look.

    Args:
        looked_at: what was looked at then, a field or a search for people.
    """
    if looked_at == VERIFIED:
        return {"error": "the file could not be read within the limits of memory and time"}
    field = _SEARCHED.get(looked_at, looked_at)
    did = "a person could not be looked for in it" if looked_at in _SEARCHED else "it could not be decoded"
    message = f"{field}: {did} within the limits of memory and time"
    code = _NO_LIMITS_SUFFICED.get(field, f"{field}_unreadable")
    return {"findings": [{"code": code, "message": message, "param": field}], "warnings": []}


def _describe(inputs: Inputs, preset: Preset) -> dict[str, Any]:
    overlap = SamplingOptions.segment_overlap
    width, height = inputs.video_size(preset.resolution)
    return {
        "findings": [],
        "warnings": [{"code": warning.code, "message": warning.message} for warning in inputs.warnings],
        "seconds": inputs.num_frames / FPS,
        "crop": str(inputs.crop),
        "frame": frame_of(inputs),
        "size": f"{width}x{height}",
        "num_frames": inputs.num_frames,
        "segments": len(segment_starts(inputs.num_frames, SEGMENT_FRAMES, overlap)) if inputs.needs_stage_1 else 0,
        "keypoints": [[round(float(value), 3) for value in point] for point in inputs.initial_keypoints],
    }


def _read_mark(path: Path, trust_anchors_pem: str | None) -> dict[str, Any]:
    try:
        report = read_provenance(path, trust_anchors_pem)
    except MMGTError as error:
        message = str(error).replace(str(path), "video")
        return {"error": message}
    verdict = ("valid" if report.is_valid else "invalid") if report.is_present else "absent"
    created_at = report.created_at.isoformat() if report.created_at else None
    return {"verdict": verdict, "details": {**asdict(report), "created_at": created_at}}

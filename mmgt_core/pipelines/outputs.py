"""What a generation writes: the video and, on request beside it, pictures of how it came about."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.media.image_writing import write_image
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.mask_overlay import MaskOverlay
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.types import FPS, MaskMotion, PoseSequence, UInt8Array

_VERSIONED = ("mmgt", "torch", "diffusers", "transformers", "numpy", "opencv-python-headless", "av", "librosa")


class Extra(StrEnum):
    """What can be saved beside the video."""

    POSE = "pose"
    MASKS = "masks"
    KEYPOINTS = "keypoints"
    THUMBNAIL = "thumbnail"
    MANIFEST = "manifest"


_SUFFIXES = {
    Extra.POSE: ".pose.mp4",
    Extra.MASKS: ".masks.mp4",
    Extra.KEYPOINTS: ".keypoints.npy",
    Extra.THUMBNAIL: ".thumbnail.jpg",
    Extra.MANIFEST: ".manifest.json",
}


@dataclass(frozen=True)
class Outputs:
    """The video's path and what is wanted beside it."""

    video: Path
    extras: frozenset[Extra] = frozenset()

    def path(self, extra: Extra) -> Path:
        """Where an extra lies: the video's name with another suffix."""
        return self.video.with_name(self.video.stem + _SUFFIXES[extra])


@dataclass(frozen=True)
class Manifest:
    """How a video came about: enough to make it again."""

    preset: str
    is_trained: bool
    weights: Mapping[str, str]
    options: Mapping[str, Any]
    num_frames: int
    fps: int
    resolution: int
    is_pose_driven: bool
    warnings: tuple[str, ...]
    versions: Mapping[str, str]
    stage_seconds: Mapping[str, float]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")


def resolved_options(preset: Preset, options: SamplingOptions) -> dict[str, Any]:
    """Every sampling number, with the preset's where none was given."""
    return {**asdict(options), "num_inference_steps": options.num_inference_steps or preset.num_inference_steps}


def describe(
    preset: Preset, weights: Mapping[str, str], inputs: Inputs, options: SamplingOptions, control: RunControl
) -> Manifest:
    """The manifest of a finished run."""
    return Manifest(
        preset=preset.name,
        is_trained=preset.is_trained,
        weights=weights,
        options=resolved_options(preset, options),
        num_frames=inputs.num_frames,
        fps=FPS,
        resolution=preset.resolution,
        is_pose_driven=inputs.driving_poses is not None,
        warnings=tuple(warning.message for warning in inputs.warnings),
        versions={name: version(name) for name in _VERSIONED},
        stage_seconds={stage.value: round(seconds, 3) for stage, seconds in control.stage_seconds.items()},
    )


def write_videos(
    frames: Iterator[UInt8Array],
    poses: PoseSequence,
    inputs: Inputs,
    outputs: Outputs,
    resolution: int,
    mask_motion: MaskMotion,
) -> None:
    """Write the video and the extras that follow its frames, as the frames come; all of them or none."""
    num_frames, first_frame = len(poses), None
    overlay = MaskOverlay(inputs.reference_image, poses.keypoints[0], mask_motion)
    try:
        with ExitStack() as stack:
            video = stack.enter_context(VideoWriter(outputs.video, resolution, resolution, inputs.sound, num_frames))
            pose_video = _side_video(stack, outputs, Extra.POSE, num_frames)
            mask_video = _side_video(stack, outputs, Extra.MASKS, num_frames)
            for frame, keypoints in zip(frames, poses.keypoints, strict=True):
                video.write(frame)
                if pose_video is not None:
                    pose_video.write(draw_pose(keypoints))
                if mask_video is not None:
                    mask_video.write(overlay.draw(keypoints))
                first_frame = frame if first_frame is None else first_frame
            if Extra.THUMBNAIL in outputs.extras and first_frame is not None:
                write_image(outputs.path(Extra.THUMBNAIL), first_frame)
            if Extra.KEYPOINTS in outputs.extras:
                np.save(outputs.path(Extra.KEYPOINTS), poses.keypoints)
    except BaseException:
        for extra in outputs.extras:
            outputs.path(extra).unlink(missing_ok=True)
        raise


def _side_video(stack: ExitStack, outputs: Outputs, extra: Extra, num_frames: int) -> VideoWriter | None:
    if extra not in outputs.extras:
        return None
    return stack.enter_context(VideoWriter(outputs.path(extra), CANVAS_SIZE, CANVAS_SIZE, None, num_frames))

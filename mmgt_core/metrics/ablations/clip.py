"""One clip of one training of one row: its figures, and the features by which sets of clips are compared."""

from dataclasses import dataclass

import numpy as np
import torch

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.metrics.ablations.rows import (
    FACE_FVD,
    FACE_PSNR,
    FACE_SSIM,
    FGD,
    LIPS,
    LIPS_ALONE,
    MOUTH_PSNR_ALONE,
    TEMPORAL,
    TEMPORAL_ALONE,
    VIDEO_FVD,
    VIDEO_PSNR,
    VIDEO_SSIM,
    Stage,
)
from mmgt_core.metrics.appearance import temporal_error
from mmgt_core.metrics.feature_networks import clip_features
from mmgt_core.metrics.gesture import correlation
from mmgt_core.metrics.image import clip_psnr, frame_psnr, frame_ssim
from mmgt_core.metrics.measurement import Region
from mmgt_core.metrics.mouth import rendered_mouth_opening, with_still_mouth
from mmgt_core.metrics.pose_autoencoder import PoseAutoencoder, pose_windows
from mmgt_core.metrics.presenter_clip import System
from mmgt_core.metrics.presenter_colours import PresenterColours
from mmgt_core.metrics.regions import crops, region_squares
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.types import PoseSequence, UInt8Array


@dataclass(frozen=True)
class FeatureExtractors:
    """Of sets of clips. poses: of FGD and diversity. i3d: of FVD; None: not given, and FVD is not measured."""

    poses: PoseAutoencoder
    i3d: torch.jit.ScriptModule | None
    device: torch.device


@dataclass(frozen=True)
class MeasuredClip:
    """numbers: column to this clip's own. features: column to those of its windows, (N, D), which sets are told by."""

    numbers: dict[str, float]
    features: dict[str, Float32Array]


def measure_clip(clip: SyntheticClip, system: System, stage: Stage, extractors: FeatureExtractors) -> MeasuredClip:
    """Measure the video made from speech and one picture, and for rows of stage 2 what speech alone does there.

    Args:
        clip: presenter, speech and truth.
        system: what is measured.
        stage: of the method, that the row leaves something out of.
        extractors: of features.
    """
    initial, num_frames = clip.pose_sequence.keypoints[clip.reference_frame], len(clip.pose_sequence)
    seeded = system.seeded(clip.seed)
    reference = clip.render([clip.reference_frame], CANVAS_SIZE)[0]
    truth = clip.render(range(num_frames), system.resolution)
    poses = seeded.speak(initial, clip.waveform)
    frames = seeded.render(reference, initial, poses, clip.waveform)
    numbers = _of_spoken(frames, truth, clip) | {LIPS.name: _lips(frames, poses, clip)}
    if stage is Stage.FRAMES:
        held = with_still_mouth(clip.pose_sequence, initial)
        heard = seeded.render(reference, initial, held, clip.waveform)
        numbers |= _of_heard(heard, truth, clip) | {LIPS_ALONE.name: _lips(heard, held, clip)}
    return MeasuredClip(numbers, set_features(poses, frames, clip, extractors))


def truth_of(clip: SyntheticClip, resolution: int, extractors: FeatureExtractors) -> dict[str, Float32Array]:
    """The features of a clip itself, by column."""
    poses = clip.pose_sequence
    frames = clip.render(range(len(poses)), resolution) if extractors.i3d else np.zeros((0, 0, 0, 3), np.uint8)
    return set_features(poses, frames, clip, extractors)


def set_features(
    poses: PoseSequence, frames: UInt8Array, clip: SyntheticClip, extractors: FeatureExtractors
) -> dict[str, Float32Array]:
    """Features by column: of windows of poses, and of 16-frame clips of the face and the picture where there is I3D."""
    found = {FGD.name: extractors.poses.features(pose_windows(poses))}
    if extractors.i3d is not None:
        for column, pictures in ((FACE_FVD, _faces(frames, clip)), (VIDEO_FVD, frames)):
            found[column.name] = clip_features(extractors.i3d, pictures, extractors.device)
    return found


def _of_spoken(frames: UInt8Array, truth: UInt8Array, clip: SyntheticClip) -> dict[str, float]:
    faces, true_faces = _faces(frames, clip), _faces(truth, clip)
    return {
        FACE_PSNR.name: float(frame_psnr(faces, true_faces).mean()),
        FACE_SSIM.name: float(frame_ssim(faces, true_faces).mean()),
        VIDEO_PSNR.name: float(frame_psnr(frames, truth).mean()),
        VIDEO_SSIM.name: float(frame_ssim(frames, truth).mean()),
        TEMPORAL.name: temporal_error(frames, truth),
    }


def _of_heard(frames: UInt8Array, truth: UInt8Array, clip: SyntheticClip) -> dict[str, float]:
    boxes = region_squares(clip.pose_sequence, Region.LIPS, truth.shape[1])
    mouths, true_mouths = (frames, truth) if boxes is None else (crops(frames, boxes), crops(truth, boxes))
    return {
        MOUTH_PSNR_ALONE.name: clip_psnr(mouths, true_mouths),
        TEMPORAL_ALONE.name: temporal_error(frames, truth),
    }


def _faces(frames: UInt8Array, clip: SyntheticClip) -> UInt8Array:
    boxes = region_squares(clip.pose_sequence, Region.FACE, frames.shape[1])
    return frames if boxes is None else crops(frames, boxes)


def _lips(frames: UInt8Array, poses: PoseSequence, clip: SyntheticClip) -> float:
    """How the mouth that is seen in frames, where the poses have it, goes with the truth's."""
    colours = PresenterColours.of(clip.identity)
    seen = rendered_mouth_opening(frames, poses, colours.inside_mouth, colours.around_mouth)
    return correlation(seen, clip.mouth_opening)

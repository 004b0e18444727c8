"""Frames of prepared videos as stage 2 learns from them; the frozen autoencoder encodes them as they come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from mmgt_core.config import Preset
from mmgt_core.pipelines.pictures import portrait, scaled
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.preparation.layout import WINDOW_FRAMES
from mmgt_core.training.preparation.windows import PreparedWindows, Window
from mmgt_core.training.presenters.dataset import packed_masks
from mmgt_core.types import PoseSequence


@dataclass(frozen=True)
class PreparedTargets:
    """Process 1's `TrainingData`: a reference and K frames of one window."""

    windows: PreparedWindows
    preset: Preset
    num_targets: int
    reference: Literal["first", "random"]

    def __len__(self) -> int:
        return len(self.windows)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """Pictures instead of latents, else as `ReferenceTargets.item`."""
        targets = np.sort(generator.choice(WINDOW_FRAMES, self.num_targets, replace=False)).tolist()
        reference = _reference(self.reference, generator)
        return _pictures(self.windows[index], self.preset, reference, targets)


@dataclass(frozen=True)
class PreparedClips:
    """Process 2's `TrainingData`: some consecutive frames of one window, with their speech."""

    windows: PreparedWindows
    preset: Preset
    num_frames: int
    reference: Literal["first", "random"]

    def __len__(self) -> int:
        return len(self.windows)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """Pictures instead of latents, else as `ClipWindows.item`."""
        window = self.windows[index]
        start = int(generator.integers(WINDOW_FRAMES - self.num_frames + 1))
        frames = list(range(start, start + self.num_frames))
        pictures = _pictures(window, self.preset, _reference(self.reference, generator, start), frames)
        return {**pictures, "speech": window.speech_features(frames)}


def _reference(kind: Literal["first", "random"], generator: np.random.Generator, first: int = 0) -> int:
    return first if kind == "first" else int(generator.integers(WINDOW_FRAMES))


def _pictures(window: Window, preset: Preset, reference: int, frames: Sequence[int]) -> Batch:
    large = window.pictures([reference, *frames])
    poses = PoseSequence(window.keypoints[list(frames)])
    side = preset.resolution
    return {
        "reference_picture": torch.from_numpy(scaled(large[0], side).copy()),
        "portrait": torch.from_numpy(portrait(large[0]).copy()),
        "pictures": torch.from_numpy(np.stack([scaled(picture, side) for picture in large[1:]])),
        "pose_images": torch.from_numpy(np.stack([scaled(draw_pose(pose), side) for pose in poses.keypoints])),
        "masks": torch.from_numpy(packed_masks(poses, preset.mask_level_sizes)),
    }

"""Windows of prepared videos as stage 2's training clips; the frozen autoencoder encodes them as they come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmgt_core.config import Preset
from mmgt_core.keypoints import Float32Array
from mmgt_core.pipelines.pictures import portrait, scaled
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.preparation.layout import WINDOW_FRAMES
from mmgt_core.training.preparation.windows import PreparedWindows
from mmgt_core.training.stage_2.clips import drawn_poses
from mmgt_core.types import PoseSequence


@dataclass(frozen=True)
class PreparedClips:
    """`TrainingClips` whose clips are windows of 80 frames."""

    windows: PreparedWindows
    preset: Preset

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def num_frames(self) -> int:
        """See `TrainingClips`."""
        return WINDOW_FRAMES

    @property
    def first_target(self) -> int:
        """See `TrainingClips`."""
        return 0

    def first_reference(self, first: int) -> int:
        """Of the targets, the first."""
        return first

    def frames_of(self, clip: int, reference: int, frames: Sequence[int]) -> Batch:
        """See `TrainingClips`: pictures, not yet encoded."""
        window, side = self.windows[clip], self.preset.resolution
        large = window.pictures([reference, *frames])
        return {
            "reference_picture": torch.from_numpy(scaled(large[0], side).copy()),
            "portrait": torch.from_numpy(portrait(large[0]).copy()),
            "pictures": torch.from_numpy(np.stack([scaled(picture, side) for picture in large[1:]])),
            **drawn_poses(PoseSequence(self.keypoints_of(clip, frames)), self.preset),
        }

    def keypoints_of(self, clip: int, frames: Sequence[int]) -> Float32Array:
        """See `TrainingClips`."""
        return self.windows[clip].keypoints[list(frames)]

    def speech_of(self, clip: int, frames: Sequence[int]) -> torch.Tensor:
        """See `TrainingClips`."""
        return self.windows[clip].speech_features(frames)

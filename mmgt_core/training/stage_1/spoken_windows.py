"""What stage 1 learns from: 80 frames of keypoints with the speech over them, prepared from videos or synthetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from mmgt_core.keypoints import Float32Array, normalise, without_legs
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import ConfigurationError


class SpokenWindow(Protocol):
    """One window."""

    @property
    def keypoints(self) -> Float32Array:
        """(80, 134, 3), on the 512 canvas."""
        ...

    @property
    def condition(self) -> Float32Array:
        """(80, features): of `segment_condition`."""
        ...


class SpokenWindows(Protocol):
    """All windows: a sequence read when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> SpokenWindow: ...


@dataclass(frozen=True)
class SpeechToPoseData:
    """Windows as the network sees them.

    initial_pose_noise_px: standard deviation of one shift for each point of the initial pose, as a detector has.
    """

    windows: SpokenWindows
    initial_pose_noise_px: float

    def __len__(self) -> int:
        return len(self.windows)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """pose (80, 402), initial_pose (402,), condition (80, features): float32, poses normalised."""
        window = self.windows[index]
        keypoints = window.keypoints
        first = keypoints[0].copy()
        first[:, :2] += generator.normal(0, self.initial_pose_noise_px, (len(first), 2))
        return {
            "pose": _tensor(normalise(keypoints)),
            "initial_pose": _tensor(without_legs(normalise(first).reshape(first.shape)).reshape(-1)),
            "condition": _tensor(window.condition),
        }


def require_features(windows: SpokenWindows, num_features: int) -> None:
    """Raises: ConfigurationError: there is no window, or its condition was made with another speech encoder."""
    if len(windows) == 0:
        raise ConfigurationError("the data holds no window of 80 frames")
    found = windows[0].condition.shape[-1]
    if found != num_features:
        raise ConfigurationError(f"the data's speech has {found} features a frame; this preset takes {num_features}")


def collate(items: Sequence[Batch]) -> Mapping[str, torch.Tensor]:
    """Stack items into one batch."""
    return {name: torch.stack([item[name] for item in items]) for name in items[0]}


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))

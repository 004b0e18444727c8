"""Frozen values that pass between the stages; each checks itself when built.

Letters of shape comments, here and everywhere: `B` batch, `F` frames, `C` channels, `H W` pixels, `h w` latent cells,
`N` tokens, `D` features, `K` = 134 keypoints, `M` audio context tokens, `A` audio window, `T` diffusion steps.
"""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import NUM_KEYPOINTS, Float32Array

if TYPE_CHECKING:  # the command line reads options and refuses files before a second goes into torch
    import torch

UInt8Array = npt.NDArray[np.uint8]

SAMPLE_RATE_HZ = 16_000
FPS = 25
SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // FPS


class BackgroundMask(StrEnum):
    """What the third motion mask is; the paper, the published inference and the training differ (spec §12)."""

    ONE_PLUS_LIPS = "one_plus_lips"
    HANDS = "hands"
    COMPLEMENT = "complement"


class MaskMotion(StrEnum):
    """Whether masks follow the pose, stay where they were in the first frame, or are absent (paper table V)."""

    MOVING = "moving"
    STILL = "still"
    NONE = "none"


@dataclass(frozen=True)
class Waveform:
    """Mono speech: samples (samples,), float32 in [-1, 1], 16 kHz."""

    samples: Float32Array

    def __post_init__(self) -> None:
        """Raises: ValueError: not one-dimensional float32."""
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"a waveform is (samples,) float32, not {self.samples.shape} {self.samples.dtype}")

    @classmethod
    def in_file(cls, samples: Float32Array) -> "Waveform":
        """A waveform whose samples lie in a file without a name: ten minutes of them would be 38 MB of memory."""
        with TemporaryFile() as file:
            samples.tofile(file)
            file.flush()
            return cls(np.memmap(file, np.float32, "r", shape=samples.shape))

    def part(self, first: int, last: int | None = None) -> Float32Array:
        """A copy of the samples between two; of a file no other pages stay in memory for it."""
        copied = np.array(self.samples[first:last])
        mapped = getattr(self.samples, "_mmap", None)
        if mapped is not None:
            mapped.madvise(mmap.MADV_DONTNEED)
        return copied

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / SAMPLE_RATE_HZ

    @property
    def num_frames(self) -> int:
        """Video frames that this speech lasts: round(seconds · 25), at least one."""
        return max(1, round(self.seconds * FPS))


@dataclass(frozen=True)
class PoseSequence:
    """Keypoints over time: (F, 134, 3) float32; x, y in pixels of the 512 canvas, confidence."""

    keypoints: Float32Array

    def __post_init__(self) -> None:
        """Raises: ValueError: another shape or dtype."""
        if self.keypoints.ndim != 3 or self.keypoints.shape[1:] != (NUM_KEYPOINTS, 3):
            raise ValueError(f"a pose sequence is (frames, 134, 3), not {self.keypoints.shape}")
        if self.keypoints.dtype != np.float32:
            raise ValueError(f"a pose sequence is float32, not {self.keypoints.dtype}")

    def __len__(self) -> int:
        return len(self.keypoints)


@dataclass(frozen=True)
class RenderedFrame:
    """A frame of the video, (H, W, 3) uint8 RGB, and the pose that it shows, (134, 3)."""

    image: UInt8Array
    keypoints: Float32Array


MaskPyramid: TypeAlias = "tuple[torch.Tensor, ...]"
"""One region at the UNet's four resolutions: each (F, N) float32, finest first."""


@dataclass(frozen=True)
class MotionMasks:
    """The three regions of MM-HAA as mask pyramids, values in [0, 1] (background: up to 2 by `one_plus_lips`)."""

    background: MaskPyramid
    face_hands: MaskPyramid
    lips: MaskPyramid

    def to(self, device: "torch.device", dtype: "torch.dtype") -> "MotionMasks":
        """The same masks on another device and in another dtype."""
        return MotionMasks(*(tuple(level.to(device, dtype) for level in region) for region in self.regions))

    @property
    def regions(self) -> tuple[MaskPyramid, MaskPyramid, MaskPyramid]:
        """Background, face_hands, lips: the order of the three branches of MM-HAA."""
        return self.background, self.face_hands, self.lips


@dataclass(frozen=True)
class RegionWeights:
    """Multipliers of the three MM-HAA branches."""

    background: float = 1.0
    face_hands: float = 1.0
    lips: float = 2.0


@dataclass(frozen=True)
class ClipConditions:
    """What conditions every frame of a video; its size does not depend on the length.

    image_tokens: (1, 1, D), the CLIP embedding. reference_features: layer name to (1, N, C).
    """

    image_tokens: "torch.Tensor"
    reference_features: "Mapping[str, torch.Tensor]"


@dataclass(frozen=True)
class WindowConditions:
    """What conditions the frames of one window.

    pose_features: (1, C, F, h, w). audio_tokens: (1, F, M, D). motion_masks: pyramids of F frames.
    """

    pose_features: "torch.Tensor"
    audio_tokens: "torch.Tensor"
    motion_masks: MotionMasks

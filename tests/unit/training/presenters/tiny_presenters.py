"""Stand-in presenters and the smallest preset that can be trained on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.config import MMGT_DEMO
from mmgt_core.keypoints import CANVAS_SIZE, FACE, LEFT_HAND, LIPS, NUM_KEYPOINTS, RIGHT_HAND, Float32Array
from mmgt_core.training.machinery.rows import array_path
from mmgt_core.training.presenters.dataset import PresenterDataset, PresenterDatasetConfig, build_presenter_dataset
from mmgt_core.training.presenters.latents import write_latents
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform

NUM_CLIPS, NUM_FRAMES = 10, 6
TINY = replace(
    MMGT_DEMO,
    name="tiny-demo",
    resolution=64,
    unet=replace(MMGT_DEMO.unet, block_out_channels=(16, 16, 16, 16), in_channels=4, out_channels=4, norm_num_groups=8),
    pose_guider=replace(MMGT_DEMO.pose_guider, block_out_channels=(4, 4, 8, 8), out_channels=16),
    vae=replace(MMGT_DEMO.vae, block_out_channels=(8, 8, 16, 16), latent_channels=4, norm_num_groups=4),
    num_inference_steps=2,
)
_PARTS = ((FACE, 256, 130, 60), (LIPS, 256, 170, 16), (LEFT_HAND, 380, 360, 25), (RIGHT_HAND, 130, 360, 25))


@dataclass(frozen=True)
class StandIn:
    """A disc for a head and squares for hands, in colours of its own; all of it sways."""

    seed: int
    reference_frame: int = 0
    length: int = 20

    @property
    def waveform(self) -> Waveform:
        noise = np.random.default_rng(self.seed).normal(0, 0.1, self.length * SAMPLES_PER_FRAME)
        return Waveform(noise.astype(np.float32))

    @property
    def pose_sequence(self) -> PoseSequence:
        return PoseSequence(np.stack([self._keypoints(frame) for frame in range(self.length)]))

    def render(self, frames: Sequence[int], size: int) -> UInt8Array:
        colours = np.random.default_rng(self.seed).integers(0, 256, (3, 3))
        pictures = np.empty((len(frames), size, size, 3), np.uint8)
        rows, columns = np.mgrid[:size, :size] * CANVAS_SIZE / size
        for picture, frame in zip(pictures, frames, strict=True):
            x, y = self._keypoints(frame)[FACE, :2].mean(axis=0)
            picture[:] = colours[0]
            picture[rows > 250] = colours[1]
            picture[(rows - y) ** 2 + (columns - x) ** 2 < 70**2] = colours[2]
        return pictures

    def _keypoints(self, frame: int) -> Float32Array:
        spread = np.random.default_rng(1)  # the same shape for everyone
        keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
        keypoints[:18] = (*spread.uniform(150, 350, 2), 1)
        for part, x, y, radius in _PARTS:
            count = part.stop - part.start
            keypoints[part, :2] = np.array([x, y]) + spread.uniform(-radius, radius, (count, 2))
            keypoints[part, 2] = 1
        keypoints[:, 0] += 20 * np.sin(frame / 3 + self.seed)
        return keypoints


def stand_in(seed: int) -> StandIn:
    return StandIn(seed)


def build(folder: Path, num_processes: int = 0, num_clips: int = NUM_CLIPS, make_clip=stand_in) -> PresenterDataset:
    """A dataset of stand-ins."""
    config = PresenterDatasetConfig(num_clips, first_seed=5, frames_per_clip=NUM_FRAMES)
    return build_presenter_dataset(folder, TINY, config, make_clip, num_processes, lambda done, total: None)


def networks() -> Networks:
    """Of the smallest preset, always the same."""
    torch.manual_seed(0)
    return build_networks(TINY)


def encoded(folder: Path) -> PresenterDataset:
    """A dataset of stand-ins with its latents."""
    built = build(folder)
    write_latents(networks().vae, built)
    return built


def with_another_mouth_at_rest(dataset: PresenterDataset) -> PresenterDataset:
    """The lips of every frame of rest lie lower than those that the clips' poses are drawn with."""
    keypoints = np.load(array_path(dataset.folder, "keypoints"), mmap_mode="r+")
    keypoints[:, 0, LIPS, 1] += 30
    keypoints.flush()
    return dataset

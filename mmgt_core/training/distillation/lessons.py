"""Windows of frames and what a teacher makes of each: drawn once with all its steps and guidance, kept as bytes."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from mmgt_core.config import Preset
from mmgt_core.pipelines.denoising import FrameNoise
from mmgt_core.training.machinery.batches import Batch, TrainingData
from mmgt_core.training.machinery.configuration import require_between
from mmgt_core.training.machinery.making import alone_in
from mmgt_core.training.machinery.rows import (
    Array,
    array_path,
    make_missing,
    mapped_array,
    require_same_makers,
    write_flags,
    write_row,
)
from mmgt_core.training.stage_2.conditions import batch_of_one
from mmgt_core.training.stage_2.finished import Stage2Files, finished_networks
from mmgt_core.training.stage_2.samples import render_clip, renderer, sampled_clip
from mmgt_core.training.stage_2.starts import VAE_NAME, VIDEO_NETWORKS
from mmgt_core.types import BackgroundMask, MaskMotion

NUM_HELD_BACK = 4
_TAUGHT, _DONE, _TAUGHT_BY = "taught", "is_taught", "taught_by.json"


@dataclass(frozen=True)
class LessonConfig:
    """What the teacher makes.

    num_windows: one of each item, then again from the first. window_frames: of one window. teacher_steps: None: as many
    as the preset samples with. background, mask_motion: which motion masks are seen.
    """

    num_windows: int
    window_frames: int
    background: BackgroundMask
    mask_motion: MaskMotion
    teacher_steps: int | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError: no window is left to learn from, or no step to take."""
        if self.num_windows <= NUM_HELD_BACK:
            raise ValueError(f"num_windows is {self.num_windows}; {NUM_HELD_BACK} are held back, so it must be more")
        if self.teacher_steps is not None:
            require_between("teacher_steps", self.teacher_steps, 1, 100)

    def taught(self, preset: Preset) -> Preset:
        """The preset as its teacher samples it."""
        return replace(preset, num_inference_steps=self.teacher_steps or preset.num_inference_steps)


@dataclass(frozen=True)
class TaughtWindows:
    """`TrainingData` whose items are windows, the noise that the teacher began with, and its latents."""

    source: TrainingData
    folder: Path
    is_noise_shared: bool

    @cached_property
    def taught(self) -> Array:
        """(windows, F, C, h, w) float16."""
        return mapped_array(self.folder, _TAUGHT)

    def __len__(self) -> int:
        return len(self.taught) - NUM_HELD_BACK

    def held_back(self) -> list[Batch]:
        """The last lessons, which are only looked at."""
        return [self.item(index, np.random.default_rng(index)) for index in range(len(self), len(self.taught))]

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """As `ClipWindows.item`, and noise, taught: (C, F, h, w) float32. Nothing is drawn: lessons are kept."""
        taught = rearrange(torch.from_numpy(self.taught[index].astype(np.float32)), "f c h w -> c f h w")
        channels, num_frames, height, width = taught.shape
        noise = FrameNoise((channels, height, width), index, self.is_noise_shared).take(num_frames)[0]
        return {**window_of(self.source, index), "noise": noise, "taught": taught}


def window_of(source: TrainingData, index: int) -> Batch:
    """The window that a lesson is about, always the same."""
    return source.item(index % len(source), np.random.default_rng(index))


def teach(
    folder: Path,
    source: TrainingData,
    preset: Preset,
    config: LessonConfig,
    files: Stage2Files,
    num_processes: int,
    on_progress: Callable[[int, int], None],
) -> TaughtWindows:
    """Let the teacher draw every window that is not there yet; a stopped run goes on where it was.

    Args:
        folder: of the arrays.
        source: of windows, `ClipWindows` or `PreparedClips`.
        preset: of the teacher.
        config: which windows, and how they are drawn.
        files: of the teacher's networks.
        num_processes: that draw at the same time; 0 draws in this one.
        on_progress: told windows done and all.

    Raises:
        ConfigurationError: a network is absent.
        MadeDataError: the folder was drawn by other networks or otherwise; names what differs.
    """
    channels, size = preset.unet.in_channels, preset.latent_size
    shape = (config.num_windows, config.window_frames, channels, size, size)
    with alone_in(folder):
        makers = {**files.hashes(), **asdict(config), "preset": preset.name}
        require_same_makers(folder / _TAUGHT_BY, makers, "taught otherwise")
        if not array_path(folder, _DONE).is_file():
            np.lib.format.open_memmap(array_path(folder, _TAUGHT), mode="w+", dtype=np.float16, shape=shape)
            write_flags(folder, _DONE, config.num_windows)
        draw = partial(_draw_window, folder, source, preset, config, files)
        make_missing(folder, _DONE, draw, num_processes, on_progress)
    return TaughtWindows(source, folder, preset.is_noise_shared)


@torch.inference_mode()
def _draw_window(
    folder: Path, source: TrainingData, preset: Preset, config: LessonConfig, files: Stage2Files, index: int
) -> None:
    """Draw one window from the noise of its own seed, with the teacher's steps and guidance."""
    place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = finished_networks(preset, files)
    for name in (VAE_NAME, *VIDEO_NETWORKS):
        getattr(networks, name).to(place)
    batch = batch_of_one(window_of(source, index), place)
    clip = sampled_clip(networks, batch, preset, config.background, config.mask_motion)
    taught = render_clip(clip, renderer(networks), config.taught(preset), seed=index)
    write_row(folder, index, {_TAUGHT: taught.cpu().numpy()}, _DONE)

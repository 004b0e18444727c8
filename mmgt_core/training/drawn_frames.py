"""Presenters as a finished stage 2 draws them, beside the truth: what the network that ends frames learns from."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np
import torch

from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.load import find_preset
from mmgt_core.pipelines.portrait_details import moved
from mmgt_core.training.making import alone_in, each_done
from mmgt_core.training.presenter_dataset import (
    FIRST_MOVING_FRAME,
    PresenterDataset,
    PresenterDatasetError,
    array_path,
)
from mmgt_core.training.stage_2 import batch_of_one, decoded, render_clip, renderer
from mmgt_core.training.starts import finished_video_networks, loaded
from mmgt_core.training.vae import encoded_pictures
from mmgt_core.training.video import VideoNetworks, sampled_clip
from mmgt_core.types import UInt8Array

_ARRAYS = ("drawn", "moved_portraits", "moved_drawn")
_DONE = "is_drawn_by_stage_2"


@dataclass(frozen=True)
class DrawnFrames:
    """Arrays beside a dataset's, each (clips, T, R, R, 3) uint8, mapped."""

    folder: Path

    @cached_property
    def drawn(self) -> UInt8Array:
        """Stage 2's frames; the first of a row is the portrait in its own pose."""
        return self._mapped("drawn")

    @cached_property
    def moved_portraits(self) -> UInt8Array:
        """The portrait moved to where each frame shows the same."""
        return self._mapped("moved_portraits")

    @cached_property
    def moved_drawn(self) -> UInt8Array:
        """Stage 2's drawing of the portrait, moved likewise."""
        return self._mapped("moved_drawn")

    def _mapped(self, name: str) -> UInt8Array:
        return np.load(array_path(self.folder, name), mmap_mode="r")


def draw_frames(
    dataset: PresenterDataset,
    preset: Preset,
    start: Path,
    vae: Path,
    num_processes: int,
    on_progress: Callable[[int, int], None],
) -> DrawnFrames:
    """Draw every clip that is not there yet; a stopped run goes on where it was.

    Args:
        dataset: of the truth.
        preset: of the networks.
        start: folder of the finished networks of stage 2.
        vae: file of the autoencoder that they learned with.
        num_processes: that draw at the same time; 0 draws in this one.
        on_progress: told clips done and all.

    Raises:
        PresenterDatasetError: the folder was begun with other clips.
    """
    with alone_in(dataset.folder):
        shape = dataset.pictures.shape
        if not array_path(dataset.folder, _DONE).is_file():
            for name in _ARRAYS:
                np.lib.format.open_memmap(array_path(dataset.folder, name), mode="w+", dtype=np.uint8, shape=shape)
            np.save(array_path(dataset.folder, _DONE), np.zeros(len(dataset.pictures), np.uint8))
        done = np.load(array_path(dataset.folder, _DONE))
        if len(done) != len(dataset.pictures):
            raise PresenterDatasetError(f"{dataset.folder}: {len(done)} clips were begun, not {len(dataset.pictures)}")
        missing = np.flatnonzero(done == 0).tolist()
        jobs = [partial(_draw_clip, dataset.folder, preset.name, start, vae, index) for index in missing]
        for number, _ in enumerate(each_done(jobs, num_processes), len(done) - len(missing) + 1):
            on_progress(number, len(done))
    return DrawnFrames(dataset.folder)


@torch.inference_mode()
def _draw_clip(folder: Path, preset_name: str, start: Path, vae: Path, index: int) -> None:
    """Draw one row as the preset samples: the portrait in its own pose, then the frames in one window."""
    dataset, preset = PresenterDataset.open(folder), find_preset(preset_name)
    networks = _networks(preset_name, start, vae)
    num_frames = dataset.pictures.shape[1]
    drawn = np.concatenate(
        [
            _drawn(networks, dataset, preset, index, frames)
            for frames in ([0], list(range(FIRST_MOVING_FRAME, num_frames)))
        ]
    )
    pairs = [moved(frame, drawn[0], (dataset.pictures[index, 0], drawn[0])) for frame in drawn]
    rows = (drawn, *(np.stack(pictures) for pictures in zip(*pairs, strict=True)), np.uint8(1))
    for name, value in zip((*_ARRAYS, _DONE), rows, strict=True):
        array = np.lib.format.open_memmap(array_path(dataset.folder, name), mode="r+")
        array[index] = value
        array.flush()


def _drawn(
    networks: VideoNetworks, dataset: PresenterDataset, preset: Preset, index: int, frames: list[int]
) -> UInt8Array:
    """Some frames of a clip as stage 2 draws them: (F, R, R, 3)."""
    (reference,) = encoded_pictures(networks.vae, dataset.pictures[index, :1])
    item = {
        "reference_latents": reference[0] * networks.vae.config.scaling_factor,
        "latents": reference.expand(len(frames), -1, -1, -1),  # the truth's, for which nobody asks
        "portrait": torch.from_numpy(np.array(dataset.portraits[index])),
        "pose_images": torch.from_numpy(np.array(dataset.pose_images[index, frames])),
        "masks": torch.from_numpy(np.array(dataset.masks[index, frames])),
        "speech": torch.from_numpy(dataset.speech[index, frames].astype(np.float32)),
    }
    options, render = SamplingOptions(), renderer(networks)
    batch = batch_of_one(item, torch.device("cpu"))
    clip = sampled_clip(networks, batch, preset, options.background, options.mask_motion)
    return decoded(render, render_clip(clip, render, preset, seed=index))


@cache
def _networks(preset_name: str, start: Path, vae: Path) -> VideoNetworks:
    preset = find_preset(preset_name)
    networks = finished_video_networks(preset, loaded(build_vae(preset.vae), vae), start)
    for field in fields(networks):
        getattr(networks, field.name).requires_grad_(False).eval()
    return networks

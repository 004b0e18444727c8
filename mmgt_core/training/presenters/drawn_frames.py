"""Presenters as a finished stage 2 draws them, beside the truth: what the network that ends frames learns from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch

from mmgt_core.audio.wav2vec import SpeechFeatures
from mmgt_core.checkpoints.networks import build_wav2vec
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.finishing.portrait_details import moved
from mmgt_core.training.machinery.making import alone_in
from mmgt_core.training.machinery.rows import (
    array_path,
    make_missing,
    mapped_array,
    require_same_makers,
    write_flags,
    write_row,
)
from mmgt_core.training.presenters.autoencoder import encoded_pictures
from mmgt_core.training.presenters.dataset import FIRST_MOVING_FRAME, PresenterDataset, is_in_share
from mmgt_core.training.stage_2.clips import HeldMouths
from mmgt_core.training.stage_2.conditions import batch_of_one
from mmgt_core.training.stage_2.finished import Stage2Files, finished_networks
from mmgt_core.training.stage_2.networks import VideoNetworks
from mmgt_core.training.stage_2.samples import decoded, render_clip, renderer, sampled_clip
from mmgt_core.types import SAMPLES_PER_FRAME, UInt8Array, Waveform

_ARRAYS = ("drawn", "moved_portraits", "moved_drawn", "drawn_by_poses")
_DONE = "is_drawn_by_stage_2"
_DRAWN_BY = "drawn_by.json"


@dataclass(frozen=True)
class DrawnFrames:
    """Arrays beside a dataset's, each (clips, T, R, R, 3) uint8, mapped."""

    folder: Path

    @cached_property
    def drawn(self) -> UInt8Array:
        """Stage 2's frames; the first of a row is the portrait in its own pose."""
        return mapped_array(self.folder, "drawn")

    @cached_property
    def moved_portraits(self) -> UInt8Array:
        """The portrait moved to where each frame shows the same."""
        return mapped_array(self.folder, "moved_portraits")

    @cached_property
    def moved_drawn(self) -> UInt8Array:
        """Stage 2's drawing of the portrait, moved likewise."""
        return mapped_array(self.folder, "moved_drawn")

    @cached_property
    def poses(self) -> UInt8Array:
        """What stage 2 drew by; of held rows the mouth rests in them, not in the truth."""
        return mapped_array(self.folder, "drawn_by_poses")


def draw_frames(
    dataset: PresenterDataset,
    preset: Preset,
    files: Stage2Files,
    held_mouths: float,
    num_processes: int,
    on_progress: Callable[[int, int], None],
) -> DrawnFrames:
    """Draw every clip that is not there yet; a stopped run goes on where it was.

    Args:
        dataset: of the truth.
        preset: of the networks.
        files: of stage 2's finished networks.
        held_mouths: share of the clips that are drawn with a resting mouth in the pose, so that speech alone moves it.
        num_processes: that draw at the same time; 0 draws in this one.
        on_progress: told clips done and all.

    Raises:
        ConfigurationError: a network is absent.
        MadeDataError: the folder was drawn by other networks or with other mouths; names what differs.
    """
    with alone_in(dataset.folder):
        require_same_makers(
            dataset.folder / _DRAWN_BY, {**files.hashes(), "held_mouths": held_mouths}, "drawn otherwise"
        )
        shape = dataset.pictures.shape
        if not array_path(dataset.folder, _DONE).is_file():
            for name in _ARRAYS:
                np.lib.format.open_memmap(array_path(dataset.folder, name), mode="w+", dtype=np.uint8, shape=shape)
            write_flags(dataset.folder, _DONE, len(dataset.pictures))
        draw = partial(_draw_clip, dataset.folder, preset, files, held_mouths)
        make_missing(dataset.folder, _DONE, draw, num_processes, on_progress)
    return DrawnFrames(dataset.folder)


@torch.inference_mode()
def _draw_clip(folder: Path, preset: Preset, files: Stage2Files, held_mouths: float, index: int) -> None:
    """Draw one row as the preset samples: the portrait in its own pose and silence, then the frames in one window."""
    dataset, networks = PresenterDataset.open(folder), finished_networks(preset, files)
    frames = list(range(FIRST_MOVING_FRAME, dataset.pictures.shape[1]))
    silence = Waveform(np.zeros(SAMPLES_PER_FRAME, np.float32))
    unheard = SpeechFeatures(build_wav2vec(preset.wav2vec), silence).window([0])
    heard = torch.from_numpy(dataset.speech[index, frames].astype(np.float32))
    held = HeldMouths(held_mouths, preset) if is_in_share(index, held_mouths) else None
    own, own_pose = _drawn(networks, dataset, preset, index, [0], unheard, None)
    others, poses = _drawn(networks, dataset, preset, index, frames, heard, held)
    drawn = np.concatenate([own, others])
    pairs = [moved(frame, own[0], (dataset.pictures[index, 0], own[0])) for frame in drawn]
    moved_portraits, moved_drawn = (np.stack(pictures) for pictures in zip(*pairs, strict=True))
    rows = drawn, moved_portraits, moved_drawn, np.concatenate([own_pose, poses])
    write_row(folder, index, dict(zip(_ARRAYS, rows, strict=True)), _DONE)


def _drawn(
    networks: VideoNetworks,
    dataset: PresenterDataset,
    preset: Preset,
    index: int,
    frames: list[int],
    speech: torch.Tensor,
    held: HeldMouths | None,
) -> tuple[UInt8Array, UInt8Array]:
    """Some frames of a clip as stage 2 draws them, and by what poses: (F, R, R, 3) each.

    Args:
        speech: (F, A, layers, D).
        held: draws poses whose mouth rests.
    """
    (reference,) = encoded_pictures(networks.vae, dataset.pictures[index, :1])
    item = {
        "reference_latents": reference[0] * networks.vae.config.scaling_factor,
        "latents": reference.expand(len(frames), -1, -1, -1),  # the truth's, for which nobody asks
        "portrait": torch.from_numpy(np.array(dataset.portraits[index])),
        "pose_images": torch.from_numpy(np.array(dataset.pose_images[index, frames])),
        "masks": torch.from_numpy(np.array(dataset.masks[index, frames])),
        "speech": speech,
    }
    if held is not None:
        item |= held.seen(dataset, index, 0, frames)
    options, render = SamplingOptions(), renderer(networks)
    batch = batch_of_one(item, torch.device("cpu"))
    clip = sampled_clip(networks, batch, preset, options.background, options.mask_motion)
    return decoded(render, render_clip(clip, render, preset, seed=index)), clip.pose_images

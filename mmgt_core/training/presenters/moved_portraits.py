"""Presenters' portraits moved along their bones, made once: what a network that sees bones learns from as well."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np

from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.config import PRESENTER_KEYPOINTS
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.pose.keypoint_network import KeypointNetwork, PresenterDetector
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.machinery.making import alone_in
from mmgt_core.training.machinery.rows import (
    array_path,
    make_missing,
    mapped_array,
    require_same_makers,
    write_flags,
    write_row,
)
from mmgt_core.training.presenters.dataset import FIRST_MOVING_FRAME, PresenterDataset, is_in_share
from mmgt_core.training.stage_2.clips import held_poses
from mmgt_core.training.stage_2.starts import loaded
from mmgt_core.types import UInt8Array

_PUPPETS, _PLATES = "puppets", "plates"
_DONE = "is_moved_along_bones"
_MOVED_BY = "moved_by.json"


@dataclass(frozen=True)
class MovedPortraits:
    """Arrays beside a dataset's, mapped."""

    folder: Path

    @cached_property
    def puppets(self) -> UInt8Array:
        """(clips, T, R, R, 3): frame 0's picture in every frame's pose, as stage 2 was given it."""
        return mapped_array(self.folder, _PUPPETS)

    @cached_property
    def plates(self) -> UInt8Array:
        """(clips, R, R, 3): what is behind each presenter."""
        return mapped_array(self.folder, _PLATES)


def move_portraits(
    dataset: PresenterDataset,
    held_mouths: float,
    detector: Path | None,
    num_processes: int,
    on_progress: Callable[[int, int], None],
) -> MovedPortraits:
    """Move every portrait that is not moved yet; a stopped run goes on where it was.

    Args:
        dataset: of the truth.
        held_mouths: share of the clips whose mouths rest in the poses that stage 2 was given.
        detector: file of a trained `KeypointNetwork`, which finds the portrait's own pose, with its errors, as it will
            where frames are ended; whom it does not find, and everybody without one, is moved from the true pose.
        num_processes: that move at the same time; 0 moves in this one.
        on_progress: told clips done and all.

    Raises:
        WeightsError: the network that finds the person is absent.
        ConfigurationError: there is no such file.
        MadeDataError: the folder was made with other mouths, or with another detector.
    """
    with alone_in(dataset.folder):
        makers = {"held_mouths": held_mouths, "detector": detector and _hash_of(detector)}
        require_same_makers(dataset.folder / _MOVED_BY, makers, "moved otherwise")
        if not array_path(dataset.folder, _DONE).is_file():
            clips, frames, *picture = dataset.pictures.shape
            for name, shape in ((_PUPPETS, (clips, frames, *picture)), (_PLATES, (clips, *picture))):
                np.lib.format.open_memmap(array_path(dataset.folder, name), mode="w+", dtype=np.uint8, shape=shape)
            write_flags(dataset.folder, _DONE, clips)
        move = partial(_move, dataset.folder, held_mouths, detector)
        make_missing(dataset.folder, _DONE, move, num_processes, on_progress)
    return MovedPortraits(dataset.folder)


def own_pose(picture: UInt8Array, true_pose: Float32Array, detector: Path | None) -> Float32Array:
    """The pose of a portrait, (H, W, 3), as a detector finds it, on the 512 canvas; else the true one, (134, 3)."""
    found = [] if detector is None else _trained_detector(detector).detect(picture)
    if not found:
        return true_pose
    keypoints = found[0].keypoints.copy()
    keypoints[:, :2] = (keypoints[:, :2] + 0.5) * (CANVAS_SIZE / len(picture)) - 0.5
    return keypoints


@cache
def _trained_detector(path: Path) -> PresenterDetector:
    """Read once in a process."""
    return PresenterDetector(loaded(KeypointNetwork(PRESENTER_KEYPOINTS), path))


def _hash_of(detector: Path) -> str:
    if not detector.is_file():
        raise ConfigurationError(f"{detector}: absent; portraits are moved from the pose that it finds")
    return file_sha256(detector)


def _move(folder: Path, held_mouths: float, detector: Path | None, index: int) -> None:
    """Move one row."""
    dataset = PresenterDataset.open(folder)
    frames = list(range(FIRST_MOVING_FRAME, dataset.num_frames))
    true_pose, *poses = dataset.keypoints_of(index, [0, *frames])
    if is_in_share(index, held_mouths):
        poses = list(held_poses(dataset, index, 0, frames).keypoints)
    portrait = np.array(dataset.pictures[index, 0])
    own = own_pose(portrait, true_pose, detector)
    puppet = Puppet.of(portrait, own, PersonMatte())
    moved = np.stack([puppet.moved(pose) for pose in (own, *poses)])
    write_row(folder, index, {_PUPPETS: moved, _PLATES: puppet.plate}, _DONE)

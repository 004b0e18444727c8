"""Procedural presenters as their detector learns from them: pictures at the side that it sees, and their points."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from mmgt_core.keypoints import NUM_KEYPOINTS
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pose.keypoint_network import INPUT_SIDE
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
from mmgt_core.training.presenters.dataset import NUM_HELD_BACK, PresenterDatasetConfig, chosen_frames, clip_of

_DONE = "is_done"
_DRAWN_SIDE = 2 * INPUT_SIDE
"""Pictures are drawn larger and shrunk like a user's image: edges look the same."""


@dataclass(frozen=True)
class Figures:
    """The arrays of a folder, mapped, one row a clip; T is frames_per_clip + 1.

    pictures: (clips, T, 256, 256, 3) uint8. keypoints: (clips, T, 134, 3) float32, on the 512 canvas.
    """

    folder: Path

    def __len__(self) -> int:
        """How many are learned from: the first ones; the last few are only looked at."""
        return len(self.pictures) - NUM_HELD_BACK

    @property
    def held_back_clips(self) -> list[int]:
        """Rows that samples are made of."""
        return list(range(len(self), len(self.pictures)))

    @cached_property
    def pictures(self) -> Array:
        """Frames as the detector sees them."""
        return mapped_array(self.folder, "pictures")

    @cached_property
    def keypoints(self) -> Array:
        """Their true points."""
        return mapped_array(self.folder, "keypoints")


def figures(
    folder: Path, config: PresenterDatasetConfig, num_workers: int, on_progress: Callable[[int, int], None]
) -> Figures:
    """The folder's presenters, drawn where they are not there yet; a stopped run goes on where it was.

    Args:
        folder: of the arrays.
        config: which clips.
        num_workers: processes that draw at the same time; 0 draws in this one.
        on_progress: told clips done and all.

    Raises:
        MadeDataError: the folder was begun with another configuration.
    """
    with alone_in(folder):
        require_same_makers(folder / "clips.json", json.loads(json.dumps(asdict(config))), "begun otherwise")
        if not array_path(folder, _DONE).is_file():
            _make_arrays(folder, config)
        make_missing(folder, _DONE, partial(_draw, folder, config), num_workers, on_progress)
    return Figures(folder)


def _make_arrays(folder: Path, config: PresenterDatasetConfig) -> None:
    shape = (config.num_clips, config.frames_per_clip + 1)
    arrays = {"pictures": ((INPUT_SIDE, INPUT_SIDE, 3), np.uint8), "keypoints": ((NUM_KEYPOINTS, 3), np.float32)}
    for name, (of_frame, dtype) in arrays.items():
        np.lib.format.open_memmap(array_path(folder, name), mode="w+", dtype=dtype, shape=(*shape, *of_frame))
    write_flags(folder, _DONE, config.num_clips)


def _draw(folder: Path, config: PresenterDatasetConfig, index: int) -> None:
    """Draw one row; it counts once all of it is written."""
    seed = config.first_seed + index
    clip = clip_of(config, seed)
    frames = chosen_frames(clip, config.frames_per_clip, seed)
    pictures = np.stack([scaled(picture, INPUT_SIDE) for picture in clip.render(frames, _DRAWN_SIDE)])
    keypoints = clip.pose_sequence.keypoints[frames]
    write_row(folder, index, {"pictures": pictures, "keypoints": keypoints}, _DONE)

"""Prepared data read back: any window of any clip, straight out of the shards (docs/data.md)."""

import io
import tarfile
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mmgt_core.audio.wav2vec import stack_neighbours
from mmgt_core.errors import MMGTError
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.masks.regions import Box, RegionBoxes
from mmgt_core.training.preparation.layout import WINDOW_FRAMES, ClipFacts, Member, Split, shard_paths
from mmgt_core.training.preparation.speech import from_int16
from mmgt_core.types import SAMPLES_PER_FRAME, UInt8Array, Waveform

_NEIGHBOUR_FRAMES = 4
"""Read on either side of a window; a frame's features are stacked with fewer."""


class PreparedDataError(MMGTError):
    """A folder does not hold what `mmgt data prepare` writes."""


@dataclass(frozen=True)
class StoredClip:
    """One clip where it lies: the shard, and of each member the first byte and the number of bytes."""

    shard: Path
    members: Mapping[str, tuple[int, int]]

    @cached_property
    def facts(self) -> ClipFacts:
        """What the clip is."""
        return ClipFacts.from_json(self.read(Member.FACTS))

    def read(self, member: Member, first: int = 0, num_bytes: int | None = None) -> bytes:
        """Some bytes of a member, by default all."""
        start, size = self._place(member)
        with self.shard.open("rb") as file:
            file.seek(start + first)
            return file.read(size - first if num_bytes is None else num_bytes)

    def array(self, member: Member) -> npt.NDArray[Any]:
        """A `.npy` member, mapped: only the rows that are used are read."""
        with self.shard.open("rb") as file:
            file.seek(self._place(member)[0])
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            return np.memmap(self.shard, dtype, "r", offset=file.tell(), shape=shape)

    def has(self, member: Member) -> bool:
        """Whether the clip was prepared with this member."""
        return member in self.members

    def _place(self, member: Member) -> tuple[int, int]:
        if member not in self.members:
            raise PreparedDataError(f"{self.shard}: a clip was prepared without {member}; see `mmgt data prepare`")
        return self.members[member]


@dataclass(frozen=True)
class Window:
    """3.2 s of a clip; everything is read when it is asked for. Frames are counted from the window's first, 0 to 79."""

    clip: StoredClip
    number: int

    @property
    def first_frame(self) -> int:
        """Where the window begins in its clip."""
        return self.clip.facts.window_starts[self.number]

    @property
    def keypoints(self) -> Float32Array:
        """(80, 134, 3) float32: x, y in pixels of the 512 canvas, confidence."""
        return self._rows(Member.KEYPOINTS)

    @property
    def region_boxes(self) -> list[RegionBoxes]:
        """The boxes of Algorithm 1, one for each frame."""
        return [RegionBoxes(*(_box(corners) for corners in frame)) for frame in self._rows(Member.BOXES).tolist()]

    @property
    def hand_made(self) -> Float32Array:
        """(80, 35) float32: the hand-made audio features, as of this window's own sound."""
        return np.array(self.clip.array(Member.HAND_MADE)[self.number])

    @property
    def condition(self) -> Float32Array:
        """(80, D + 35) float32: what stage 1 hears, WavLM's features and the hand-made ones.

        Raises:
            PreparedDataError: the clips were prepared without a preset's speech encoders.
        """
        learned = self.clip.array(Member.WAVLM)[self.number].astype(np.float32)
        return np.concatenate([learned, self.hand_made], axis=1)

    @property
    def waveform(self) -> Waveform:
        """The window's sound: 51 200 samples."""
        with wave.open(io.BytesIO(self.clip.read(Member.SPEECH))) as file:
            file.setpos(self.first_frame * SAMPLES_PER_FRAME)
            samples = np.frombuffer(file.readframes(WINDOW_FRAMES * SAMPLES_PER_FRAME), np.int16)
        return Waveform(from_int16(samples))

    def speech_features(self, frames: Sequence[int]) -> torch.Tensor:
        """What stage 2 hears at some frames: (len(frames), A, layers, D) float32, each with its neighbours in the clip.

        Raises:
            PreparedDataError: the clips were prepared without a preset's speech encoders.
        """
        first = max(0, self.first_frame - _NEIGHBOUR_FRAMES)
        end = self.first_frame + WINDOW_FRAMES + _NEIGHBOUR_FRAMES
        features = torch.from_numpy(np.array(self.clip.array(Member.WAV2VEC)[first:end])).float()
        return stack_neighbours(features)[[self.first_frame - first + frame for frame in frames]]

    def pictures(self, frames: Sequence[int], size: int = CANVAS_SIZE) -> UInt8Array:
        """Some frames as (len(frames), size, size, 3) uint8 RGB."""
        return np.stack([self._picture(self.first_frame + frame, size) for frame in frames])

    def _picture(self, frame: int, size: int) -> UInt8Array:
        start, end = self.clip.array(Member.PICTURE_OFFSETS)[frame : frame + 2].tolist()
        encoded = np.frombuffer(self.clip.read(Member.PICTURES, start, end - start), np.uint8)
        picture = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        if size != CANVAS_SIZE:
            picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        return np.asarray(picture, np.uint8)

    def _rows(self, member: Member) -> npt.NDArray[Any]:
        return np.array(self.clip.array(member)[self.first_frame : self.first_frame + WINDOW_FRAMES])


class PreparedWindows:
    """All windows of one split: `len` and an index; a clip's windows follow each other."""

    def __init__(self, folder: Path, split: Split) -> None:
        """Raises: PreparedDataError: the folder has no shard of this split, or a shard is damaged."""
        shards = shard_paths(folder, split)
        if not shards:
            if any(shard_paths(folder, other) for other in Split):
                raise PreparedDataError(
                    f"{folder}: no clip fell to the split {split}; prepare into another folder with other shares "
                    "(--validation, --test)"
                )
            raise PreparedDataError(f"{folder} holds no {split}-*.tar; make it with `mmgt data prepare`")
        self.clips = [clip for shard in shards for clip in stored_clips(shard)]
        self._windows = [(clip, number) for clip in self.clips for number in range(len(clip.facts.window_starts))]

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: int) -> Window:
        """One window; it may be used in any process."""
        return Window(*self._windows[index])


def stored_clips(shard: Path) -> list[StoredClip]:
    """Find the clips of a shard by its headers alone.

    Raises:
        PreparedDataError: it is not a tar file, or is cut off.
    """
    places: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        with tarfile.open(shard, "r:") as archive:
            for item in archive:
                key, _, member = item.name.partition(".")
                places.setdefault(key, {})[member] = (item.offset_data, item.size)
    except (tarfile.TarError, OSError) as error:
        raise PreparedDataError(f"{shard} cannot be read: {error}") from error
    return [StoredClip(shard, members) for members in places.values()]


def _box(corners: Sequence[int]) -> Box | None:
    box = Box(*corners)
    return box if box.x0 < box.x1 else None

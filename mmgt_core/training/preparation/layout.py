"""The layout of prepared data: files of a folder, members of a clip, windows of a clip (docs/data.md)."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from mmgt_core.types import FPS

FORMAT_VERSION = 1
WINDOW_FRAMES = 80
"""3.2 s: stage 1's horizon, and where the frames of a stage 2 clip are drawn from."""
WINDOW_STEP_S = 0.5


class Split(StrEnum):
    """What a source clip is used for; all its windows go the same way."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Member(StrEnum):
    """The files of one clip inside a shard, after `KEY.`; shapes and units are in docs/data.md."""

    FACTS = "facts.json"
    PICTURES = "pictures.mjpeg"
    PICTURE_OFFSETS = "picture_offsets.npy"
    SPEECH = "speech.wav"
    KEYPOINTS = "keypoints.npy"
    BOXES = "boxes.npy"
    HAND_MADE = "hand_made.npy"
    WAVLM = "wavlm.npy"
    WAV2VEC = "wav2vec.npy"


@dataclass(frozen=True)
class ClipFacts:
    """What a clip is.

    key: its name in the shards. source: path below the folder of videos. speaker: the source's folder, may be empty.
    frame: the crop, x, y and side in the source's pixels. pictures_per_s: different ones in the source, at most 25.
    detector: what found the keypoints. window_starts: first frames of its windows.
    """

    key: str
    source: str
    speaker: str
    split: Split
    num_frames: int
    frame: tuple[int, int, int]
    pictures_per_s: float
    detector: str
    window_starts: tuple[int, ...]

    def to_json(self) -> bytes:
        """One JSON object."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "ClipFacts":
        """The inverse of `to_json`."""
        values = json.loads(text)
        values |= {"split": Split(values["split"])}
        values |= {name: tuple(values[name]) for name in ("frame", "window_starts")}
        return cls(**values)

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return self.num_frames / FPS


def window_starts(num_frames: int) -> tuple[int, ...]:
    """First frames of the windows that fit: every half second, rounded down to a whole frame."""
    starts = (int(number * WINDOW_STEP_S * FPS) for number in range(num_frames))
    return tuple(start for start in starts if start + WINDOW_FRAMES <= num_frames)


def shard_paths(folder: Path, split: Split) -> list[Path]:
    """The shards of one split, in order."""
    return sorted(folder.glob(f"{split}-*.tar"))

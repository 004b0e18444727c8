"""Two folders of videos, matched by file name: what was generated and what is true, with sound and keypoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from mmgt_core.errors import InputError, MMGTError
from mmgt_core.keypoints import CANVAS_SIZE, NUM_KEYPOINTS
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import inspect_driving_video, read_video_frames
from mmgt_core.pose.detector import DetectedPerson, WholeBodyDetector
from mmgt_core.pose.following import OncePerPicture, follow
from mmgt_core.types import PoseSequence, UInt8Array, Waveform

SUFFIXES = (".mp4", ".mov", ".webm")
_SIDE_VIDEOS = (".pose", ".masks")
"""What `mmgt generate --save` writes beside a video is no video of its own."""


class PoseSource(StrEnum):
    """Where keypoints come from."""

    FILES = "files"
    DETECT = "detect"
    NONE = "none"


@dataclass(frozen=True)
class Pair:
    """A generated video and the true one of the same name; num_frames: of the shorter, at 25 a second."""

    name: str
    generated: Path
    truth: Path
    num_frames: int

    @property
    def sides(self) -> tuple[tuple[str, Path], tuple[str, Path]]:
        """What both files are called in messages, and the files."""
        return ("generated", self.generated), ("truth", self.truth)


def match_folders(generated: Path, truth: Path, limits: MediaLimits) -> list[Pair]:
    """Pair the videos of two folders by name without suffix, sorted.

    Raises:
        MMGTError: a folder is absent or without videos, or has two of one name; a generated video has no truth, says
            how many; a video cannot be read.
    """
    found, true = _videos(generated, "generated"), _videos(truth, "truth")
    alone = sorted(set(found) - set(true))
    if alone:
        raise MMGTError(
            f"truth: {len(alone)} of the {len(found)} generated videos have none in {truth}, the first is {alone[0]}"
        )
    pairs = []
    for name in sorted(found):
        lengths = []
        for side, path in (("generated", found[name]), ("truth", true[name])):
            try:
                lengths.append(inspect_driving_video(path, limits).num_frames)
            except InputError as error:
                raise _unreadable(side, path, error) from error
        pairs.append(Pair(name, found[name], true[name], min(lengths)))
    return pairs


def read_frames(side: str, path: Path, limits: MediaLimits) -> Iterator[UInt8Array]:
    """A video's frames one by one, (H, W, 3) RGB at 25 a second.

    Raises:
        MMGTError: the video is broken on the way; names its side, generated or truth, and its file.
    """
    try:
        yield from read_video_frames(path, limits)
    except InputError as error:
        raise _unreadable(side, path, error) from error


def read_sound(path: Path, limits: MediaLimits) -> Waveform | None:
    """A video's speech; None where it has no sound, or none that can be heard."""
    try:
        return decode_audio(path, limits, "driving_video").waveform
    except InputError:
        return None


def keypoints_file(video: Path) -> Path:
    """Where a video's keypoints lie: NAME.keypoints.npy beside it."""
    return video.with_name(video.stem + ".keypoints.npy")


def read_poses(video: Path) -> PoseSequence | None:
    """The keypoints beside a video, (frames, 134, 3) on the 512 canvas; None where there is no such file.

    Raises:
        MMGTError: it holds something else, by shape, or values that are not finite, by number.
    """
    path = keypoints_file(video)
    if not path.is_file():
        return None
    try:
        stored = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise MMGTError(f"poses: {path} is not a .npy file of numbers") from error
    if stored.ndim != 3 or stored.shape[1:] != (NUM_KEYPOINTS, 3) or not len(stored):
        raise MMGTError(f"poses: {path} has shape {stored.shape}; (frames, {NUM_KEYPOINTS}, 3) is needed")
    keypoints = stored.astype(np.float32)
    if num_wrong := int((~np.isfinite(keypoints)).sum()):
        raise MMGTError(f"poses: {path} has {num_wrong} values that are not finite; each must be a number")
    return PoseSequence(keypoints)


def detect_poses(frames: Iterator[UInt8Array], detector: WholeBodyDetector) -> PoseSequence | None:
    """Find one person's keypoints in every frame, on the 512 canvas; None where no frame shows anybody.

    A frame without a person repeats the pose before it, or the first one found.
    """
    once = OncePerPicture(detector)
    people: list[list[DetectedPerson]] = []
    scale = np.ones(3, np.float32)
    for frame in frames:
        height, width = frame.shape[:2]
        scale = np.array([CANVAS_SIZE / width, CANVAS_SIZE / height, 1], np.float32)
        people.append(once.detect(frame))
    found = [None if person is None else person.keypoints * scale for person in follow(people).people]
    latest = next((keypoints for keypoints in found if keypoints is not None), None)
    if latest is None:
        return None
    held = []
    for keypoints in found:
        latest = latest if keypoints is None else keypoints
        held.append(latest)
    return PoseSequence(np.stack(held))


def _videos(folder: Path, side: str) -> dict[str, Path]:
    if not folder.is_dir():
        raise MMGTError(f"{side}: {folder} is not a folder")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or Path(path.stem).suffix in _SIDE_VIDEOS:
            continue
        if path.stem in found:
            raise MMGTError(f"{side}: {found[path.stem].name} and {path.name} in {folder} have one name")
        found[path.stem] = path
    if not found:
        raise MMGTError(f"{side}: {folder} has 0 videos; {', '.join(SUFFIXES)} are read")
    return found


def _unreadable(side: str, path: Path, error: InputError) -> MMGTError:
    return MMGTError(f"{side}: {path.name}: {str(error).removeprefix(f'{error.field}: ')}")

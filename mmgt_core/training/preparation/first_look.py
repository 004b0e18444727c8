"""The first look at a clip: how long, how smooth, in one piece? One person? Which square holds them throughout?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import Float32Array
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import read_video_frames
from mmgt_core.pose.detector import WholeBodyDetector
from mmgt_core.pose.framing import MIN_FRAME_SIDE_PX, CropChoice, SquareFrame, choose_frame, choose_person
from mmgt_core.training.preparation.rejection import ClipRejected, RejectionReason
from mmgt_core.types import FPS, UInt8Array

_LOOK_EVERY_FRAMES = 12
"""People are looked for about twice a second."""
_MAX_SHARE_NO_PERSON, _MAX_SHARE_SEVERAL = 0.5, 0.1
"""Of the looks; a presenter may turn away, but a second person is rarely there for one look only."""

_THUMBNAIL_PX = 32
_CUT = 0.08
"""Mean change of a grey thumbnail from frame to frame, of its range; a presenter's gestures stay below 0.03."""
_CUT_TIMES_USUAL = 5.0
"""A cut also stands out from the changes around it, which a flickering light or a moving camera does not."""
_AROUND_FRAMES = 12


@dataclass(frozen=True)
class FirstLook:
    """What the first look found.

    num_frames: at 25 per second. pictures_per_s: how many of 25 differ from the one before. frame: the clip's crop.
    """

    num_frames: int
    pictures_per_s: float
    frame: SquareFrame


def first_look(video: Path, limits: MediaLimits, detector: WholeBodyDetector, min_fps: float) -> FirstLook:
    """Decode a clip once, and decide whether it is worth detecting every frame of it.

    Raises:
        ClipRejected: low fps, cuts, no person, several people, or a person too small.
        InputError: it cannot be decoded.
    """
    changes: list[float] = []
    frames: list[SquareFrame] = []
    refusals: Counter[InputCode] = Counter()
    num_pictures, image_size = 0, (0, 0)
    last: UInt8Array | None = None
    thumbnail = np.zeros(0, np.float32)
    for index, image in enumerate(read_video_frames(video, limits)):
        if image is not last:
            before, thumbnail = thumbnail, _thumbnail(image)
            changes.append(float(np.abs(thumbnail - before).mean()) if num_pictures else 0.0)
            num_pictures, last, image_size = num_pictures + 1, image, image.shape[:2]
        else:
            changes.append(0.0)
        if index % _LOOK_EVERY_FRAMES == 0:
            try:
                person, _ = choose_person(detector.detect(image))
                frames.append(choose_frame(image_size, person, CropChoice.auto()))
            except InputError as error:
                refusals[error.code] += 1
    pictures_per_s = num_pictures * FPS / len(changes)
    if pictures_per_s < min_fps:
        message = f"{pictures_per_s:.1f} different pictures a second; at least {min_fps:g} are needed"
        raise ClipRejected(RejectionReason.LOW_FPS, message)
    _check_cuts(np.array(changes, np.float32))
    _check_people(refusals, len(frames) + refusals.total())
    frame = common_frame(frames, image_size)
    if frame.side < MIN_FRAME_SIDE_PX:
        message = f"the crop is {frame.side} px wide; at least {MIN_FRAME_SIDE_PX} are needed"
        raise ClipRejected(RejectionReason.TOO_SMALL, message)
    return FirstLook(len(changes), pictures_per_s, frame)


def cuts(changes: Float32Array) -> list[int]:
    """Frames with which another shot begins.

    Args:
        changes: (F,) of each frame from the one before, as a share of the range.
    """
    candidates = np.flatnonzero(changes > _CUT).tolist()
    return [index for index in candidates if changes[index] > _CUT_TIMES_USUAL * _usual(changes, index)]


def common_frame(frames: Sequence[SquareFrame], image_size: tuple[int, int]) -> SquareFrame:
    """The square around those of single frames, no larger than the largest of them or the image's short side.

    Args:
        frames: at least one, as chosen frame by frame.
        image_size: height and width in pixels.
    """
    height, width = image_size
    x0, y0 = min(frame.x for frame in frames), min(frame.y for frame in frames)
    x1, y1 = max(frame.x + frame.side for frame in frames), max(frame.y + frame.side for frame in frames)
    largest = max(frame.side for frame in frames)
    side = max(largest, min(max(x1 - x0, y1 - y0), height, width))
    return SquareFrame(_placed((x0 + x1) // 2, side, width), _placed((y0 + y1) // 2, side, height), side)


def _placed(centre: int, side: int, length: int) -> int:
    """Inside the image where it fits, else centred."""
    return int(np.clip(centre - side // 2, 0, length - side)) if side <= length else (length - side) // 2


def _thumbnail(image: UInt8Array) -> Float32Array:
    small = cv2.resize(image, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)


def _usual(changes: Float32Array, index: int) -> float:
    """The median change around a frame, itself left out; repeated pictures do not count."""
    around = np.concatenate([changes[max(0, index - _AROUND_FRAMES) : index], changes[index + 1 :][:_AROUND_FRAMES]])
    moving = around[around > 0]
    return float(np.median(moving)) if len(moving) else 0.0


def _check_cuts(changes: Float32Array) -> None:
    found = cuts(changes)
    if found:
        times = ", ".join(f"{index / FPS:.2f}" for index in found[:5])
        raise ClipRejected(RejectionReason.CUTS, f"{len(found)} cuts, at {times} s; a clip is one shot")


def _check_people(refusals: Counter[InputCode], num_looks: int) -> None:
    several, none = refusals[InputCode.IMAGE_MULTIPLE_PEOPLE], refusals[InputCode.IMAGE_NO_PERSON]
    if several > _MAX_SHARE_SEVERAL * num_looks:
        message = f"several people of about one size in {several} of {num_looks} looks"
        raise ClipRejected(RejectionReason.SEVERAL_PEOPLE, message)
    if none > _MAX_SHARE_NO_PERSON * num_looks or none + several == num_looks:
        raise ClipRejected(RejectionReason.NO_PERSON, f"no person whose face is seen in {none} of {num_looks} looks")

"""One square frame of the reference image, shared by its crop and its keypoints, so that both show the same place."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.keypoints import (
    BODY,
    CANVAS_SIZE,
    FACE,
    LEFT_HAND,
    LEGS,
    RIGHT_HAND,
    SHOULDERS,
    Float32Array,
)
from mmgt_core.pose.detector import VISIBLE, DetectedPerson
from mmgt_core.types import UInt8Array

MIN_FRAME_SIDE_PX = 256
_CLEARLY_LARGER = 2.0
"""By how many times the largest person's area must exceed the next one's to be the one that is meant."""

_SHOULDERS_PER_FACE = 2.2
_HEAD_ROOM, _TORSO, _MARGIN, _SKIN = 0.5, 1.5, 0.25, 0.05
"""In shoulder widths: above the brows (hair, and air over it), below the shoulders, around arms and hands; from a
hand's points to its outline."""

_HAIR = 0.65
"""Above the brows, in heights from brows to chin: where the head ends."""

_KEPT_WHOLE = 0.6
"""A square that a person's upper body fills this far is not cut closer: the surroundings belong to the picture."""

_LARGEST_SQUARE_PX = 4096
"""Of a frame that reaches beyond its picture a whole square is made; a larger one is made of a smaller picture."""


@dataclass(frozen=True)
class SquareFrame:
    """A square in the source image's pixels; it may reach beyond the image, whose border is then replicated."""

    x: int
    y: int
    side: int

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.side},{self.side}"


class CropRule(StrEnum):
    """How the frame is found."""

    AUTO = "auto"
    NONE = "none"
    GIVEN = "given"


@dataclass(frozen=True)
class CropChoice:
    """What the caller asked for: a frame around the person, the whole image, or a frame of their own."""

    rule: CropRule
    frame: SquareFrame | None = None

    @classmethod
    def auto(cls) -> "CropChoice":
        """A frame around the person."""
        return cls(CropRule.AUTO)

    @classmethod
    def none(cls) -> "CropChoice":
        """The whole image, made square by replicating its border."""
        return cls(CropRule.NONE)


def parse_crop(text: str) -> CropChoice:
    """Read `auto`, `none` or `x,y,w,h` in whole pixels of the source image.

    Raises:
        InputError: CROP_INVALID: none of these, not square, or too small.
    """
    if text in (CropRule.AUTO, CropRule.NONE):
        return CropChoice(CropRule(text))
    parts = text.split(",")
    if len(parts) != 4 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise InputError(InputCode.CROP_INVALID, f"{text[:40]!r}; auto, none or x,y,w,h in whole pixels is needed")
    x, y, width, height = (int(part) for part in parts)
    if width != height:
        raise InputError(InputCode.CROP_INVALID, f"{width} x {height} pixels; width and height must be equal")
    if width < MIN_FRAME_SIDE_PX:
        raise InputError(InputCode.CROP_INVALID, f"{width} pixels wide; at least {MIN_FRAME_SIDE_PX} are needed")
    return CropChoice(CropRule.GIVEN, SquareFrame(x, y, width))


def choose_person(people: list[DetectedPerson]) -> tuple[DetectedPerson, tuple[InputWarning, ...]]:
    """The one person that is meant: whose face is seen, and who is clearly the largest.

    Raises:
        InputError: IMAGE_NO_PERSON: no face. IMAGE_MULTIPLE_PEOPLE: two are about equally large.
    """
    faces = sorted((person for person in people if person.has_face), key=lambda person: person.area, reverse=True)
    if not faces:
        raise InputError(InputCode.IMAGE_NO_PERSON, "0 people whose face can be seen; exactly one is needed")
    if len(faces) == 1:
        return faces[0], ()
    times = faces[0].area / max(faces[1].area, 1.0)
    found = f"{len(faces)} people, the largest {times:.1f} times as large as the next"
    if times < _CLEARLY_LARGER:
        message = f"{found}; at least {_CLEARLY_LARGER:g} times is needed: show one person, or crop to one"
        raise InputError(InputCode.IMAGE_MULTIPLE_PEOPLE, message)
    return faces[0], (InputWarning("multiple_people", f"image: {found}; the largest is used"),)


def choose_frame(image_size: tuple[int, int], person: DetectedPerson, crop: CropChoice) -> SquareFrame:
    """The square that the video will show.

    Args:
        image_size: height and width of the source image in pixels.
        person: who must be in it, where it is chosen around a person.
        crop: how it is chosen.

    Raises:
        InputError: CROP_INVALID: a given frame is not inside the image.
    """
    if crop.frame is not None:
        return inside(image_size, crop.frame)
    return _around(image_size, person) if crop.rule is CropRule.AUTO else _whole(image_size)


def crop_image(image: UInt8Array, frame: SquareFrame, size: int = CANVAS_SIZE) -> UInt8Array:
    """Cut the frame out and scale it to (size, size, 3) uint8: by area when shrinking, by Lanczos when enlarging."""
    if frame.side > _LARGEST_SQUARE_PX:
        image, frame = _halved(image, frame)
    height, width = image.shape[:2]
    x0, y0 = max(frame.x, 0), max(frame.y, 0)
    x1, y1 = min(frame.x + frame.side, width), min(frame.y + frame.side, height)
    beyond = (y0 - frame.y, frame.y + frame.side - y1, x0 - frame.x, frame.x + frame.side - x1)
    square = cv2.copyMakeBorder(image[y0:y1, x0:x1], *beyond, borderType=cv2.BORDER_REPLICATE)
    method = cv2.INTER_AREA if frame.side > size else cv2.INTER_LANCZOS4
    return square if frame.side == size else cv2.resize(square, (size, size), interpolation=method)


def _halved(image: UInt8Array, frame: SquareFrame) -> tuple[UInt8Array, SquareFrame]:
    """The same place of the picture, as often halved as makes the square moderate."""
    times = 2 ** int(np.ceil(np.log2(frame.side / _LARGEST_SQUARE_PX)))
    height, width = image.shape[:2]
    size = max(1, round(width / times)), max(1, round(height / times))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, SquareFrame(round(frame.x / times), round(frame.y / times), round(frame.side / times))


def to_canvas(keypoints: Float32Array, frame: SquareFrame) -> Float32Array:
    """Map (134, 3) keypoints of the source image to the 512 canvas; outside of it their confidence is 0."""
    mapped = keypoints.astype(np.float32, copy=True)
    corner = np.array([frame.x, frame.y], dtype=np.float32)
    mapped[:, :2] = (keypoints[:, :2] - corner + 0.5) * (CANVAS_SIZE / frame.side) - 0.5
    is_outside = (mapped[:, :2] < -0.5).any(axis=1) | (mapped[:, :2] > CANVAS_SIZE - 0.5).any(axis=1)
    mapped[is_outside, 2] = 0
    return mapped


Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels."""


def head_box(keypoints: Float32Array, frame: SquareFrame) -> Box:
    """The head of a pose on the 512 canvas, (134, 3), in the pixels of the picture that the frame was cut out of."""
    x0, brows, x1, chin = bounds(_face(keypoints))
    scale = frame.side / CANVAS_SIZE
    top = brows - _HAIR * (chin - brows)
    return frame.x + scale * x0, frame.y + scale * top, frame.x + scale * x1, frame.y + scale * chin


def _around(image_size: tuple[int, int], person: DetectedPerson) -> SquareFrame:
    """Around the upper body; no larger than the image's short side unless that would cut the head or a hand.

    What does not fit is cut below, and then only as far as the hands stay.
    """
    height, width = image_size
    short = min(height, width)
    needed = _upper_body(person.keypoints)
    kept = _head_and_hands(person.keypoints, image_size)
    side = max(_extent(needed), min(MIN_FRAME_SIDE_PX, short))
    if side >= _KEPT_WHOLE * short:
        side = short
    side = max(side, min(_extent(kept), max(height, width)))
    side_px = int(np.ceil(side))
    x0, y0, x1, y1 = needed
    y1 = min(y1, y0 + side_px)
    x = _placed((x0 + x1) / 2, side_px, width, (kept[0], kept[2]))
    return SquareFrame(x, _placed((y0 + y1) / 2, side_px, height, (kept[1], kept[3])), side_px)


def _upper_body(keypoints: Float32Array) -> Box:
    """What a presenter's picture shows: head with room above, shoulders, torso, arms as far as they are seen."""
    unit = _shoulder_width(keypoints)
    shoulders = keypoints[list(SHOULDERS), :2]
    upper_body = [index for index in range(BODY.stop) if index not in LEGS]
    arms = np.concatenate([keypoints[upper_body], keypoints[LEFT_HAND], keypoints[RIGHT_HAND]])
    seen = arms[arms[:, 2] > VISIBLE, :2]
    x0, y0, x1, y1 = bounds(np.concatenate([seen, _face(keypoints)]))
    return (
        x0 - _MARGIN * unit,
        y0 - _HEAD_ROOM * unit,
        x1 + _MARGIN * unit,
        max(y1 + _MARGIN * unit, float(shoulders[:, 1].mean()) + _TORSO * unit),
    )


def _head_and_hands(keypoints: Float32Array, image_size: tuple[int, int]) -> Box:
    """What a frame may not cut, as far as the image shows it."""
    height, width = image_size
    hands = np.concatenate([keypoints[LEFT_HAND], keypoints[RIGHT_HAND]])
    seen = hands[hands[:, 2] > VISIBLE, :2]
    skin = _SKIN * _shoulder_width(keypoints)
    x0, brows, x1, chin = bounds(_face(keypoints))
    head = np.array([[x0, brows - _HAIR * (chin - brows)], [x1, chin]], dtype=np.float32)
    return bounds(np.concatenate([head, seen - skin, seen + skin]).clip(0, (width, height)))


def _face(keypoints: Float32Array) -> Float32Array:
    return keypoints[FACE, :2]


def _shoulder_width(keypoints: Float32Array) -> float:
    """Seen from the front; a face tells it where the shoulders are turned or out of the picture."""
    left, right = keypoints[list(SHOULDERS)]
    _, top, _, bottom = bounds(_face(keypoints))
    across = float(np.linalg.norm(left[:2] - right[:2])) if min(left[2], right[2]) > VISIBLE else 0.0
    return max(across, _SHOULDERS_PER_FACE * (bottom - top))


def bounds(points: Float32Array) -> Box:
    """The smallest box around points."""
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return x0, y0, x1, y1


def _extent(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _placed(centre: float, side: int, length: int, kept: tuple[float, float]) -> int:
    """Where a frame begins along one axis: around the centre, moved to hold what is kept, inside the image.

    Centred where it is longer than the image.
    """
    if side >= length:
        return (length - side) // 2
    start = min(max(centre - side / 2, kept[1] - side), kept[0])
    return int(np.clip(round(start), 0, length - side))


def _whole(image_size: tuple[int, int]) -> SquareFrame:
    height, width = image_size
    side = max(height, width)
    return SquareFrame((width - side) // 2, (height - side) // 2, side)


def inside(image_size: tuple[int, int], frame: SquareFrame) -> SquareFrame:
    """A frame as it was given.

    Raises:
        InputError: CROP_INVALID: it reaches beyond the image.
    """
    height, width = image_size
    right, bottom = frame.x + frame.side, frame.y + frame.side
    if right > width or bottom > height:
        message = f"{frame} reaches to {right}, {bottom}; the image is {width} x {height} pixels"
        raise InputError(InputCode.CROP_INVALID, message)
    return frame

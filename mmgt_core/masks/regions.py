"""Algorithm 1: boxes around face, hands and lips become binary masks (paper §III-B; spec §5)."""

from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import CANVAS_SIZE, FACE, LEFT_HAND, LIPS, RIGHT_HAND, Float32Array
from mmgt_core.types import UInt8Array

VISIBLE = 0.3
"""Confidence from which a face or hand point counts."""

_FILL = 255


@dataclass(frozen=True)
class Box:
    """Pixels of the canvas: from x0, y0 up to but not including x1, y1."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class RegionBoxes:
    """The boxes of one pose; None where a region cannot be seen."""

    face: Box | None
    lips: Box | None
    left_hand: Box | None
    right_hand: Box | None


def region_boxes(keypoints: Float32Array) -> RegionBoxes:
    """Boxes around the visible points of each region of one pose, (134, 3) on the 512 canvas."""
    return RegionBoxes(
        face=_box(keypoints[FACE]),
        lips=_box(keypoints[LIPS]),
        left_hand=_box(keypoints[LEFT_HAND]),
        right_hand=_box(keypoints[RIGHT_HAND]),
    )


def face_hands_mask(boxes: RegionBoxes) -> UInt8Array:
    """The face's box and both hands', added: (512, 512) uint8.

    Where a hand lies over the face the sum wraps to 254, as in the masks that the weights have seen (spec §5).
    """
    return _filled(boxes.face) + hands_mask(boxes)


def hands_mask(boxes: RegionBoxes) -> UInt8Array:
    """Both hands' boxes in one: (512, 512) uint8."""
    return _filled(boxes.left_hand, boxes.right_hand)


def lips_mask(boxes: RegionBoxes) -> UInt8Array:
    """The lips' box: (512, 512) uint8."""
    return _filled(boxes.lips)


def _box(points: Float32Array) -> Box | None:
    """The box of visible points right of and below the canvas' corner, cut to it; None where it has no area."""
    pixels = points[points[:, 2] >= VISIBLE, :2].astype(np.int64)
    pixels = pixels[np.all(pixels > 0, axis=1)]
    if not len(pixels):
        return None
    (x0, y0), (x1, y1) = pixels.min(axis=0).tolist(), pixels.max(axis=0).clip(max=CANVAS_SIZE).tolist()
    return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _filled(*boxes: Box | None) -> UInt8Array:
    mask = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    for box in boxes:
        if box is not None:
            mask[box.y0 : box.y1, box.x0 : box.x1] = _FILL
    return mask

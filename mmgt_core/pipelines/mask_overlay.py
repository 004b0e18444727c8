"""The motion masks as a picture: Algorithm 1's boxes laid over the portrait, for people to look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.masks.pyramid import FACE_HANDS_KERNEL, LIPS_KERNEL, blurred
from mmgt_core.masks.regions import Box, RegionBoxes, face_hands_mask, lips_mask, region_boxes
from mmgt_core.types import MaskMotion, UInt8Array

Plane = npt.NDArray[np.float32]
"""One colour of a picture: (512, 512)."""

_FACE_HANDS_COLOUR, _LIPS_COLOUR = (60, 220, 120), (255, 90, 120)
_MAX_OPACITY = 0.6
_DIMMING = 0.65
_EDGE_PX = 2


@dataclass(frozen=True)
class MaskOverlay:
    """Draws the masks that stage 2 is given.

    reference_image: (512, 512, 3) RGB. first_keypoints: (134, 3), where `still` masks stay. motion: as in sampling.
    """

    reference_image: UInt8Array
    first_keypoints: Float32Array
    motion: MaskMotion

    def draw(self, keypoints: Float32Array) -> UInt8Array:
        """The dimmed portrait with face and hands in green, lips in red, as soft as MM-HAA sees them, and their boxes.

        Args:
            keypoints: (134, 3) on the 512 canvas.

        Returns:
            (512, 512, 3) uint8 RGB; the portrait alone where masks are absent.
        """
        planes = [plane.astype(np.float32) * _DIMMING for plane in cv2.split(self.reference_image)]
        if self.motion is MaskMotion.NONE:
            return _joined(planes)
        boxes = region_boxes(self.first_keypoints if self.motion is MaskMotion.STILL else keypoints)
        planes = _tinted(planes, blurred(face_hands_mask(boxes), FACE_HANDS_KERNEL), _FACE_HANDS_COLOUR)
        planes = _tinted(planes, blurred(lips_mask(boxes), LIPS_KERNEL), _LIPS_COLOUR)
        return _outlined(_joined(planes), boxes)


def _tinted(planes: Sequence[Plane], mask: UInt8Array, colour: tuple[int, int, int]) -> list[Plane]:
    """Blend a colour in where a (64, 64) mask is open; plane by plane, so that pixels lie side by side."""
    large = cv2.resize(mask, (CANVAS_SIZE, CANVAS_SIZE), interpolation=cv2.INTER_LINEAR)
    opacity = large.astype(np.float32) / 255 * _MAX_OPACITY
    rest = 1 - opacity
    return [plane * rest + np.float32(level) * opacity for plane, level in zip(planes, colour, strict=True)]


def _joined(planes: Sequence[Plane]) -> UInt8Array:
    """Three (H, W) float32 to (H, W, 3) uint8."""
    return np.asarray(cv2.merge([plane.astype(np.uint8) for plane in planes]), np.uint8)


def _outlined(picture: UInt8Array, boxes: RegionBoxes) -> UInt8Array:
    coloured: tuple[tuple[Box | None, tuple[int, int, int]], ...] = (
        (boxes.face, _FACE_HANDS_COLOUR),
        (boxes.left_hand, _FACE_HANDS_COLOUR),
        (boxes.right_hand, _FACE_HANDS_COLOUR),
        (boxes.lips, _LIPS_COLOUR),
    )
    for box, colour in coloured:
        if box is not None:
            cv2.rectangle(picture, (box.x0, box.y0), (box.x1 - 1, box.y1 - 1), colour, _EDGE_PX)
    return picture

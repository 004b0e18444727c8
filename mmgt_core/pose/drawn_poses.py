"""Whether a picture is a drawing of a pose on black, as `draw_pose` and its relatives make them, and no person."""

import cv2
import numpy as np

from mmgt_core.types import UInt8Array

_DARK, _LIT, _PURE = 40, 100, 180
"""Of 255: brightness below which a pixel is background and from which it is lit, saturation of a pure colour."""
_MIN_DARK_SHARE, _MIN_PURE_SHARE = 0.85, 0.25
"""Thin lines leave 94 % dark; of the lit pixels 33 to 85 % are pure (the face's points are white). People, photographed
and drawn, cut out on black have at most 21 %."""
_NUM_HUES, _MIN_HUES, _MIN_HUE_SHARE = 12, 5, 0.02
"""Limbs without hands show 5 to 8 of 12 parts of the circle of hues, with hands 10 or 11; people and clothes 4."""
_HUES = 180
"""Of OpenCV's 8-bit circle."""


def is_drawn_pose(image: UInt8Array) -> bool:
    """Args: image: (H, W, 3) uint8 RGB."""
    hue, saturation, brightness = (channel.ravel() for channel in cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV)))
    is_lit = brightness >= _LIT
    is_line = is_lit & (saturation >= _PURE)
    if (brightness < _DARK).mean() < _MIN_DARK_SHARE or is_line.sum() <= _MIN_PURE_SHARE * is_lit.sum():
        return False
    counts = np.bincount(hue[is_line] // (_HUES // _NUM_HUES), minlength=_NUM_HUES)
    return bool((counts > _MIN_HUE_SHARE * counts.sum()).sum() >= _MIN_HUES)

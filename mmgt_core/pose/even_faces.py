"""Whether a face is drawn in even colours: skin under a lens is nowhere even, however a photograph was compressed."""

import cv2
import numpy as np

from mmgt_core.keypoints import FACE, Float32Array
from mmgt_core.types import UInt8Array

_SIDE_PX, _MIN_SIDE_PX = 128, 48
"""A face is made this small, and one that is smaller still tells nothing."""
_DARKEST, _BRIGHTEST = 24, 232
"""Beyond, a photograph is even where its film or sensor was blind."""
_EVEN_LEVELS, _RANGE = 0.75, 128
"""A step from a point to the next is none below so many of the levels that a face spans."""
_MIN_EVEN_SHARE = 0.4
"""30 presenters that nothing was chosen by reach 0.56 to 0.76, also in grey; three photographs 0.01 to 0.06,
also in grey, compressed, enlarged or blurred."""


def is_even(picture: UInt8Array, keypoints: Float32Array) -> bool:
    """Args: picture: (H, W, 3) RGB. keypoints: (134, 3) on its pixels. Returns: whether the face is a drawn one's."""
    low, high = keypoints[FACE, :2].min(axis=0), keypoints[FACE, :2].max(axis=0)
    (x0, y0), (x1, y1) = (point.clip(0, None).astype(int).tolist() for point in (low, high + 1))
    grey = cv2.cvtColor(picture[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY) if y1 > y0 and x1 > x0 else np.zeros((0, 0))
    if min(grey.shape) < _MIN_SIDE_PX:
        return False
    scale = min(1.0, _SIDE_PX / grey.shape[0])
    face = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    is_seen = (face > _DARKEST) & (face < _BRIGHTEST)
    if is_seen.mean() < 0.5:
        return False
    darkest, brightest = np.percentile(face[is_seen], (5, 95))
    steps = np.hypot(*(cv2.Sobel(face, cv2.CV_32F, *axis) / 8 for axis in ((1, 0), (0, 1))))
    threshold = _EVEN_LEVELS * min(1.0, float(brightest - darkest) / _RANGE)
    return bool((steps[is_seen] < threshold).mean() > _MIN_EVEN_SHARE)

"""Photographs whose lids are drawn down over the eyes: nobody at hand was photographed with shut ones."""

import cv2
import numpy as np

from mmgt_core.keypoints import FACE, Float32Array
from mmgt_core.pose.eyelids import EYES
from mmgt_core.types import UInt8Array

_BROWS = (slice(FACE.start + 17, FACE.start + 22), slice(FACE.start + 22, FACE.start + 27))


def with_lids_drawn_down(image: UInt8Array, keypoints: Float32Array, amount: float) -> UInt8Array:
    """The skin between brow and upper lid is stretched over the eye, and the eye pressed together below it.

    Args:
        image: (H, W, 3). keypoints: (134, 3) in its pixels, of a face that stands upright.
        amount: 0 leaves the picture as it is, 1 shuts the eyes.
    """
    height, width = image.shape[:2]
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    every_row = np.arange(height, dtype=np.float32)
    for eye, brow in zip(EYES, _BROWS, strict=True):
        points, brow_y = keypoints[eye, :2], float(keypoints[brow, 1].mean())
        for x in range(int(points[0, 0]), int(points[3, 0]) + 1):
            upper, lower = (np.interp(x, *points[lid].T) for lid in ([0, 1, 2, 3], [0, 5, 4, 3]))
            edge = 0.15 * (lower - upper) + 1  # the lashes belong to the lid
            upper, lower = upper - edge, lower + 0.3 * edge
            lid_y = upper + 0.97 * amount * (lower - upper)
            rows[:, x] = np.interp(every_row, [0, brow_y, lid_y, lower, height], [0, brow_y, upper, lower, height])
    return np.asarray(cv2.remap(image, columns, rows, cv2.INTER_LINEAR), np.uint8)

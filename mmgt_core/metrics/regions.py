"""The parts of a picture that table II judges apart: face and lips, cut out by the truth's keypoints."""

import cv2
import numpy as np

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.masks.regions import Box, region_boxes
from mmgt_core.metrics.measurement import Region
from mmgt_core.types import PoseSequence, UInt8Array

_MARGIN = {Region.FACE: 0.25, Region.LIPS: 0.4}
"""Around the keypoints' box, as a share of its longer side: a forehead has no points, and lips open past theirs."""

LEAST_SIDE_PX = 12
"""SSIM's window is 11 px wide; a smaller region is cut larger."""


def resize_frames(frames: UInt8Array, side: int) -> UInt8Array:
    """(F, H, W, 3) to (F, side, side, 3), as `resize_frame`."""
    return np.stack([resize_frame(frame, side) for frame in frames])


def resize_frame(frame: UInt8Array, side: int) -> UInt8Array:
    """(H, W, 3) to (side, side, 3): by area when shrinking, cubic when enlarging."""
    if frame.shape[:2] == (side, side):
        return frame
    method = cv2.INTER_AREA if min(frame.shape[:2]) > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (side, side), interpolation=method), np.uint8)


def region_squares(poses: PoseSequence, region: Region, side: int) -> list[Box] | None:
    """Squares around a region in pictures of `side` pixels, one a frame, all of one size.

    One size, so that a clip's crops stack; each follows its frame's keypoints and stays inside of the picture. A frame
    whose region is not seen takes the last one seen.

    Returns:
        None where the region is seen in no frame.
    """
    boxes = [_box(keypoints, region) for keypoints in poses.keypoints]
    seen = [box for box in boxes if box is not None]
    if not seen:
        return None
    longest = max(max(box.x1 - box.x0, box.y1 - box.y0) for box in seen) * (1 + 2 * _MARGIN[region])
    length = min(side, max(LEAST_SIDE_PX, round(longest * side / CANVAS_SIZE)))
    squares, latest = [], seen[0]
    for box in boxes:
        latest = latest if box is None else box
        x0, y0 = (
            int(np.clip(round((low + high) / 2 * side / CANVAS_SIZE - length / 2), 0, side - length))
            for low, high in ((latest.x0, latest.x1), (latest.y0, latest.y1))
        )
        squares.append(Box(x0, y0, x0 + length, y0 + length))
    return squares


def crops(frames: UInt8Array, squares: list[Box]) -> UInt8Array:
    """Cut one square of each frame: (F, H, W, 3) to (F, h, h, 3)."""
    return np.stack([frame[box.y0 : box.y1, box.x0 : box.x1] for frame, box in zip(frames, squares, strict=True)])


def _box(keypoints: Float32Array, region: Region) -> Box | None:
    boxes = region_boxes(keypoints)
    return boxes.face if region is Region.FACE else boxes.lips

"""Pictures as films keep them: a plane of luma and two of chroma at half the size, in BT.709's limited range."""

from collections.abc import Sequence

import av
import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

_RED, _BLUE = 0.2126, 0.0722
_GREEN = 1 - _RED - _BLUE
_LUMA = np.array([_RED, _GREEN, _BLUE]) * 219 / 255
_TO_PLANES = np.stack(
    [
        _LUMA,
        np.array([-_RED, -_GREEN, 1 - _BLUE]) / (2 * (1 - _BLUE)) * 224 / 255,
        np.array([1 - _RED, -_GREEN, -_BLUE]) / (2 * (1 - _RED)) * 224 / 255,
    ]
).astype(np.float32)
"""ITU-R BT.709, without the offsets: differences of colours become differences of planes."""


def plane_differences(change: Float32Array) -> Float32Array:
    """Differences of colours, (H, W, 3) RGB levels, as those of luma and chroma, (H, W, 3) levels."""
    return np.asarray(cv2.transform(change, _TO_PLANES), np.float32)


def planes_of(frame: av.VideoFrame) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
    """Copies of a 4:2:0 frame's planes: (H, W), (H/2, W/2), (H/2, W/2)."""
    luma, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()
        for plane in frame.planes
    )
    return luma, blue, red


def frame_of(planes: Sequence[UInt8Array]) -> av.VideoFrame:
    """A 4:2:0 frame, in BT.709's limited range, of its planes."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, samples in zip(frame.planes, planes, strict=True):
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width] = samples
    return frame

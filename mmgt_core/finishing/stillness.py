"""What stands still in a small network's frames is kept from shimmering: averaged over time, then held."""

from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

_REACH_FRAMES = 4
"""Before and after a frame, over which a pixel is averaged."""
_ALIKE, _STEEPNESS = 20.0, 6
"""A pixel of another frame that differs by so many levels of 255 counts by half; by twice as many, by 1 / 65."""
_HARDLY = 8.0
"""Levels of 255 up to which a change is held back; from twice as many on it passes whole."""
_BLUR_SHARE = 0.0055
"""Of the side: differences are looked at over this distance, for single pixels agree by chance."""


def calmed(frames: Iterator[Float32Array]) -> Iterator[UInt8Array]:
    """Frames whose pixels rest where they hardly change: yields (H, W, 3) RGB, a few frames after they came.

    Args:
        frames: (H, W, 3), 0 to 255, in their order.
    """
    last: Float32Array | None = None
    for frame in averaged(frames):
        last = frame if last is None else at_rest(frame, last)
        yield last.round().clip(0, 255).astype(np.uint8)


def averaged(frames: Iterator[Float32Array]) -> Iterator[Float32Array]:
    """Each pixel averaged with itself in the frames around, as far as it is alike there: what moves does not smear.

    Args:
        frames: (H, W, 3), 0 to 255, in their order.
    """
    near: deque[Float32Array] = deque(maxlen=2 * _REACH_FRAMES + 1)
    num_waiting = 0
    for frame in frames:
        near.append(frame)
        num_waiting += 1
        if num_waiting > _REACH_FRAMES:
            yield _mean_of_alike(list(near), len(near) - num_waiting)
            num_waiting -= 1
    for position in range(len(near) - num_waiting, len(near)):
        yield _mean_of_alike(list(near), position)


def at_rest(frame: Float32Array, last: Float32Array) -> Float32Array:
    """A frame whose pixels keep their last colour where they hardly change.

    Args:
        frame: (H, W, 3), 0 to 255.
        last: the one before it, itself at rest.
    """
    change = np.clip(_difference(frame, last) / _HARDLY - 1, 0, 1)
    return last + change[..., None] * (frame - last)


def _mean_of_alike(near: list[Float32Array], position: int) -> Float32Array:
    """The frame at a position among those around it, which may be farther away before it than after."""
    frame = near[position]
    around = near[max(0, position - _REACH_FRAMES) :]
    shares = [1 / (1 + (_difference(other, frame) / _ALIKE) ** _STEEPNESS)[..., None] for other in around]
    summed = sum(share * other for share, other in zip(shares, around, strict=True))
    return np.asarray(summed / sum(shares), np.float32)


def _difference(a: Float32Array, b: Float32Array) -> npt.NDArray[np.float32]:
    """Largest difference over the channels, blurred: (H, W), in levels."""
    largest = np.abs(a - b).max(axis=-1)
    return np.asarray(cv2.GaussianBlur(largest, (0, 0), _BLUR_SHARE * a.shape[0]), np.float32)

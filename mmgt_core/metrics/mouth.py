"""How wide the mouth is open: from keypoints, and from the pixels of a drawn presenter."""

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import CANVAS_SIZE, LIPS, Float32Array
from mmgt_core.pose.face_motion import JAW, moved_along
from mmgt_core.types import PoseSequence, UInt8Array

_INNER = slice(LIPS.start + 12, LIPS.stop)
"""The inner lips' eight points: left corner, three above, right corner, three below."""
_UPPER, _LOWER = (1, 2, 3), (7, 6, 5)
_CORNERS = (LIPS.start, LIPS.start + 6)
_INNER_SHARE = 0.3
"""Of the mouth's width on either side of its middle: corners hardly open."""
_REACH = 0.6
"""Of the mouth's width above and below its middle: as far as a mouth opens."""
_COLOUR_TOLERANCE = 16.0
"""Levels of 255 by which colours may be off; softens the choice between neighbours."""


def mouth_opening(poses: PoseSequence) -> Float32Array:
    """Distance between the inner lips, mean of its three pairs of points, in px of the 512 canvas: (F,)."""
    inner = poses.keypoints[:, _INNER, :2]
    return np.linalg.norm(inner[:, _LOWER] - inner[:, _UPPER], axis=2).mean(axis=1).astype(np.float32)


def rendered_mouth_opening(
    frames: UInt8Array,
    poses: PoseSequence,
    inside: npt.NDArray[np.floating],
    outside: npt.NDArray[np.floating],
) -> Float32Array:
    """Height of the mouth's interior in drawn pictures, in px of the 512 canvas: (F,).

    In a strip at the middle of the mouth, each pixel counts by how much nearer its colour is to those of the interior
    than to those around it; the strip's columns are averaged. The strip is as high for a closed mouth as for an open
    one, so that keypoints say where the mouth is, and not whether it is open.

    Args:
        frames: (F, H, W, 3) RGB, square.
        poses: of the same frames.
        inside: (N, 3) RGB, the colours that show only between open lips (dark, tongue, …).
        outside: (M, 3) RGB, lips and skin.
    """
    side, colours = frames.shape[1], np.concatenate([inside, outside]).astype(np.float64)
    found = []
    for frame, keypoints in zip(frames, poses.keypoints, strict=True):
        x0, x1, y0, y1 = mouth_strip(keypoints, side)
        pixels = frame[y0:y1, x0:x1, None].astype(np.float64)  # (h, w, 1, 3)
        squares = ((pixels - colours) ** 2).sum(axis=-1)  # (h, w, N + M)
        closeness = np.exp((squares.min(axis=-1, keepdims=True) - squares) / (2 * _COLOUR_TOLERANCE**2))
        shares = closeness[..., : len(inside)].sum(axis=-1) / closeness.sum(axis=-1)  # (h, w)
        found.append(shares.sum(axis=0).mean() * CANVAS_SIZE / side)
    return np.array(found, np.float32)


def mouth_strip(keypoints: Float32Array, side: int) -> tuple[int, int, int, int]:
    """The strip at the mouth's middle in a picture of `side` pixels: x0, x1, y0, y1; at least one pixel."""
    left, right = keypoints[_CORNERS, :2] * side / CANVAS_SIZE
    width = float(np.linalg.norm(right - left))
    x, y = (left + right) / 2
    x0, x1 = (int(np.clip(round(x + sign * _INNER_SHARE * width), 0, side - 1)) for sign in (-1, 1))
    y0, y1 = (int(np.clip(round(y + sign * _REACH * width), 0, side - 1)) for sign in (-1, 1))
    return x0, max(x1, x0 + 1), y0, max(y1, y0 + 1)


def with_still_mouth(poses: PoseSequence, reference: Float32Array) -> PoseSequence:
    """The same motion with the mouth and jaw of one pose, moved, turned and scaled along with the upper face.

    Args:
        poses: whose lips and jaw are replaced.
        reference: (134, 3), the pose that gives them.
    """
    keypoints = poses.keypoints.copy()
    for pose in keypoints:
        for part in (JAW, LIPS):
            pose[part, :2] = moved_along(reference, pose, part)
    return PoseSequence(keypoints)

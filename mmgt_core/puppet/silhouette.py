"""What surely is the person by the keypoints alone: the trunk's outline, the face, the neck, the middle of limbs."""

import cv2
import numpy as np

from mmgt_core.keypoints import FACE, NECK, SHOULDERS, Float32Array
from mmgt_core.puppet.face_triangles import SUBPIXEL_BITS
from mmgt_core.puppet.skeleton import Bones, Bools, Size, outside, shoulder_unit
from mmgt_core.puppet.trunk import CHIN, HIPS
from mmgt_core.types import UInt8Array

_SHOULDER_OUT, _SHOULDER_UP, _HIP_OUT, _STRAIGHT = 0.14, 0.1, 0.2, 0.3
_UNSEEN_HIPS = 2.1, 0.6
"""Down from between the shoulders and to the side, where hips are not seen."""
_BELOW_HIPS = 1.0
_NECK_RADIUS, _COLLAR_UP, _COLLAR_OUT = 0.3, 0.2, 0.4
"""These as shares of half the shoulders' width: how far clothes reach beyond keypoints, how far down they are straight
before they narrow; the neck, and where shoulders slope down from it."""


def trunk_shape(points: Float32Array, seen: Bools, size: Size) -> Float32Array:
    """Trunk, neck and face without hair and arms, (H, W), 0 to 1, narrow rather than wide.

    Args:
        points: (134, 2) pixels. seen: (134,).
    """
    shape = np.zeros(size, np.uint8)
    if seen[[*SHOULDERS]].all():
        _fill(shape, _trunk_outline(points, seen))
    if seen[FACE].all():
        _fill(shape, cv2.convexHull(points[FACE])[:, 0])
    trunk = shape.astype(np.float32) / np.float32(255)
    if not (seen[NECK] and seen[CHIN]):
        return trunk
    radius = np.full((1, 2), _NECK_RADIUS * shoulder_unit(points), np.float32)
    neck = Bones(points[[CHIN]], points[[NECK]], radius)
    return np.maximum(trunk, covered(outside(neck, size), 1.0))


def covered(beyond: Float32Array, edge: float) -> Float32Array:
    """How much of each pixel a shape covers whose edge is that wide. Args: beyond: (H, W) pixels outside of it."""
    return np.asarray(np.clip(0.5 - beyond / edge, 0, 1), np.float32)


def _trunk_outline(points: Float32Array, seen: Bools) -> Float32Array:
    right, left = points[list(SHOULDERS)]
    unit = shoulder_unit(points)
    across = (left - right) / max(float(np.hypot(*(left - right))), 1e-3) * unit
    down = np.array([-across[1], across[0]], np.float32)
    if seen[HIPS].all():
        right_hip, left_hip = points[HIPS]
    else:
        lower, aside = _UNSEEN_HIPS
        middle = (right + left) / 2 + lower * down
        right_hip, left_hip = middle - aside * across, middle + aside * across
    outer_right, outer_left = right_hip - _HIP_OUT * across, left_hip + _HIP_OUT * across
    collar = (right + left) / 2 - _COLLAR_UP * down
    sleeve_right, sleeve_left = right - _SHOULDER_OUT * across, left + _SHOULDER_OUT * across
    return np.array(
        [
            *(sleeve_right + _STRAIGHT * down, sleeve_right, right - _SHOULDER_UP * down),
            *(collar - _COLLAR_OUT * across, collar + _COLLAR_OUT * across),
            *(left - _SHOULDER_UP * down, sleeve_left, sleeve_left + _STRAIGHT * down),
            *(outer_left, outer_left + _BELOW_HIPS * down, outer_right + _BELOW_HIPS * down, outer_right),
        ]
    )


def _fill(shape: UInt8Array, outline: Float32Array) -> None:
    corners = np.rint(outline * 2**SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(shape, [corners], 255, cv2.LINE_AA, SUBPIXEL_BITS)

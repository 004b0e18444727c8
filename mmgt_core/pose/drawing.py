"""Drawn skeletons: what the pose guider sees (spec §5). Every truncation and the order of painting are the method's."""

import colorsys
import math

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import BODY, CANVAS_SIZE, FACE, LEFT_HAND, RIGHT_HAND, Float32Array, without_legs
from mmgt_core.types import UInt8Array

VISIBLE = 0.3
"""Confidence from which a face or hand point counts; a body point must be above it."""

_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""OpenPose's, without the two from shoulder to ear."""

_BODY_COLOURS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip

_FINGERS = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
)
"""From the wrist along each finger: 0-1-2-3-4, 0-5-6-7-8, …"""

_LIMB_HALF_WIDTH = 4
_LIMB_DIMMING = 0.9
_DISC_RADIUS = 4
_FACE_RADIUS = 3
_EDGE_END_RADIUS = 1
_FIXED_POINT_BITS = 16
_ONE = 2**_FIXED_POINT_BITS
_HAND_DISC = (0, 0, 255)
_WHITE = (255, 255, 255)


def draw_pose(keypoints: Float32Array) -> UInt8Array:
    """Draw one pose: body, then hands, then face, on black.

    Args:
        keypoints: (134, 3) on the 512 canvas; the legs are removed here.

    Returns:
        (512, 512, 3) uint8, as the pose video stores it. Source: spec §5.
    """
    shown = without_legs(keypoints)
    canvas = _draw_body(shown[BODY])
    for part in (LEFT_HAND, RIGHT_HAND):
        _draw_hand(canvas, visible_pixels(shown[part]))
    for point in visible_pixels(shown[FACE]):
        if (point > 0).all():
            cv2.circle(canvas, point.tolist(), _FACE_RADIUS, _WHITE, -1)
    return canvas


def visible_pixels(points: Float32Array) -> npt.NDArray[np.int64]:
    """Truncated pixels of face or hand points, (N, 2); points that are not visible lie outside of every picture."""
    scaled = points[:, :2] / np.float32(CANVAS_SIZE)
    scaled[points[:, 2] < VISIBLE] = -1
    return (scaled * np.float32(CANVAS_SIZE)).astype(np.int64)


def _draw_body(points: Float32Array) -> UInt8Array:
    """Limbs as dimmed ellipses, joints as discs: (18, 3) to (512, 512, 3)."""
    canvas = np.zeros((CANVAS_SIZE, CANVAS_SIZE, 3), np.uint8)
    is_visible = points[:, 2] > VISIBLE
    for (start, end), colour in zip(_LIMBS, _BODY_COLOURS, strict=False):
        if is_visible[start] and is_visible[end]:
            cv2.fillConvexPoly(canvas, _limb(points[start, :2], points[end, :2]), colour)
    canvas = (canvas * _LIMB_DIMMING).astype(np.uint8)
    for point, colour in zip(points[is_visible], np.array(_BODY_COLOURS)[is_visible].tolist(), strict=True):
        cv2.circle(canvas, (int(point[0]), int(point[1])), _DISC_RADIUS, colour, -1)
    return canvas


def _limb(start: Float32Array, end: Float32Array) -> npt.NDArray[np.int32]:
    """The polygon of an ellipse between two points; centre, half-length and angle are truncated."""
    centre = (start + end) / 2
    along = start - end
    angle = math.degrees(math.atan2(along[1], along[0]))
    axes = (int(np.hypot(*along) / 2), _LIMB_HALF_WIDTH)
    return np.asarray(cv2.ellipse2Poly((int(centre[0]), int(centre[1])), axes, int(angle), 0, 360, 1))


def _draw_hand(canvas: UInt8Array, pixels: npt.NDArray[np.int64]) -> None:
    """Fingers as coloured lines, joints as discs, in place."""
    is_inside = np.all(pixels > 0, axis=1)
    for (start, end), colour in zip(_FINGERS, _FINGER_COLOURS, strict=True):
        if is_inside[start] and is_inside[end]:
            _draw_edge(canvas, pixels[start], pixels[end], colour)
    for point in pixels[is_inside]:
        cv2.circle(canvas, point.tolist(), _DISC_RADIUS, _HAND_DISC, -1)


def _draw_edge(
    canvas: UInt8Array, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], colour: tuple[int, int, int]
) -> None:
    """A line two pixels thick with round ends, in place: the rectangle of OpenCV's own line, in its fixed point.

    `cv2.line` itself cuts lines that leave the canvas differently from version to version.
    """
    along = (start - end).astype(np.float64)
    if along.any():
        scale = _ONE / math.sqrt(along[0] ** 2 + along[1] ** 2)
        across = np.rint(np.array([-along[1], along[0]]) * scale).astype(np.int64)
        corners = np.stack([start * _ONE + across, start * _ONE - across, end * _ONE - across, end * _ONE + across])
        cv2.fillConvexPoly(canvas, corners.astype(np.int32), colour, cv2.LINE_8, _FIXED_POINT_BITS)
    for point in (start, end):
        cv2.circle(canvas, point.tolist(), _EDGE_END_RADIUS, colour, -1)


def _finger_colour(index: int) -> tuple[int, int, int]:
    """Round the hue circle, blue in channel 0 and red in channel 2."""
    red, green, blue = colorsys.hsv_to_rgb(index / len(_FINGERS), 1, 1)
    return int(blue * 255), int(green * 255), int(red * 255)


_FINGER_COLOURS = tuple(_finger_colour(index) for index in range(len(_FINGERS)))

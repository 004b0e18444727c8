"""A face in space: 68 points in the iBUG order that speak, blink, raise their brows and turn with the head."""

from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.curves import Curve
from mmgt_core.synthetic.identity import Build

MAX_OPENING = 36.0
"""Pixels of the 512 canvas between the inner lips, of a mouth open as wide as it goes."""

_JAW = np.array([(-63, -6), (-62.5, 12), (-61, 29), (-56.5, 46), (-48, 62), (-37, 75), (-25, 84), (-12, 89), (0, 91)])
_JAW_DEPTH = np.array([-42, -38, -32, -24, -15, -7, -1, 3, 5])
_JAW_DROP = np.array([0, 0, 0, 0.05, 0.2, 0.45, 0.75, 0.95, 1.0])
_CHIN_SHARE = 0.55
"""Of the mouth's opening, how far the chin goes down."""

_BROW = np.array([(-47, -21), (-39, -28), (-30, -30), (-21, -28.5), (-13, -25)])
_NOSE = np.array([(0, -4), (0, 8), (0, 19), (0, 29), (-12, 35), (-6, 37.5), (0, 39), (6, 37.5), (12, 35)])
_NOSE_DEPTH = np.array([8, 14, 21, 27, 9, 13, 15, 13, 9])
_EYE = np.array([(-13.5, 1), (-5, -6.5), (5, -6.5), (13.5, 0), (5, 5.5), (-5, 5.5)])
_EYE_X = 29.0
_MOUTH_Y, _MOUTH_HALF = 57.0, 26.0
_OUTER_X = np.array([-1, -0.64, -0.26, 0, 0.26, 0.64, 1, 0.6, 0.28, 0, -0.28, -0.6])
_OUTER_Y = np.array([0, -0.55, -1, -0.85, -1, -0.55, 0, 0.62, 0.95, 1, 0.95, 0.62])
_OUTER_PART = np.array([0, 0.72, 0.96, 1, 0.96, 0.72, 0, 0.78, 0.97, 1, 0.97, 0.78])
_INNER_X = np.array([-0.86, -0.42, 0, 0.42, 0.86, 0.42, 0, -0.42])
_INNER_PART = np.array([0, 0.86, 1, 0.86, 0, 0.88, 1, 0.88])
_IS_UPPER_OUTER = np.array([1] * 7 + [0] * 5, bool)
_IS_UPPER_INNER = np.array([1] * 5 + [0] * 3, bool)
_UPPER_SHARE = 0.22
"""Of the opening, how far the upper lip rises; the lower lip takes the rest."""

_CORNER_SHARE = 0.25
_UPPER_LIP, _LOWER_LIP = 7.0, 9.5
_ROUNDER, _WIDER = 0.3, 0.12

_EARS = np.array([(-66.0, 10.0, -42.0), (66.0, 10.0, -42.0)])
_PIVOT = np.array([0.0, 78.0, -28.0])
"""Where the head turns on the neck, from between the eyes."""


@dataclass(frozen=True)
class FaceMotion:
    """Of each frame, (F,): mouth opening 0 to 1, width -1 to 1; brow and blink 0 to 1; gaze in pixels, (F, 2); head
    turned to image right, down, and tilted clockwise, in radians."""

    opening: Float32Array
    width: Float32Array
    brow: Curve
    blink: Curve
    gaze: Curve
    yaw: Curve
    pitch: Curve
    roll: Curve


@dataclass(frozen=True)
class HeadPoints:
    """Points around the place between the eyes, x right, y down: face (F, 68, 2), eyes (F, 2, 2), ears (F, 2, 2)."""

    face: Curve
    eyes: Curve
    ears: Curve


def head_points(build: Build, motion: FaceMotion) -> HeadPoints:
    """Shape the face, then turn the head."""
    still = _stretched(_upright_face(build, motion), build)
    centres = np.stack([still[:, 36:42].mean(axis=1), still[:, 42:48].mean(axis=1)], axis=1)
    ears = np.broadcast_to(_EARS * (build.head_width, build.head_height, 1), (len(still), 2, 3))
    turned = _turned(np.concatenate([still, centres, ears], axis=1), motion)
    eyes = turned[:, 68:70] + motion.gaze[:, None]
    return HeadPoints(turned[:, :68], eyes, turned[:, 70:])


def _upright_face(build: Build, motion: FaceMotion) -> Curve:
    """(F, 68, 3) of a face of usual head size that looks ahead."""
    num_frames = len(motion.opening)
    gap = motion.opening.astype(np.float64) * MAX_OPENING
    face = np.zeros((num_frames, 68, 3))
    narrowing = 1 + (build.jaw_width - 1) * np.clip(_JAW[:, 1] / 75, 0, 1)
    half_jaw = np.concatenate([_JAW * np.stack([narrowing, np.ones(9)], axis=1), _JAW_DEPTH[:, None]], axis=1)
    face[:, :9] = half_jaw
    face[:, :9, 1] += gap[:, None] * _JAW_DROP * _CHIN_SHARE
    face[:, 9:17] = face[:, 7::-1] * (-1, 1, 1)
    face[:, 17:22] = _with_depth(_BROW * (1, build.brow_height) + _tilt(build), 14)
    face[:, 17:22, 1] -= 6 * motion.brow[:, None]
    face[:, 22:27] = face[:, 21:16:-1] * (-1, 1, 1)
    face[:, 27:36, :2] = _NOSE * (build.nose_width, build.nose_length)
    face[:, 27:36, 2] = _NOSE_DEPTH
    lids = 1 - 0.93 * motion.blink[:, None]
    face[:, 36:42] = _with_depth(_EYE * build.eye_size, 3)
    face[:, 36:42, 1] = face[:, 36:42, 1] * lids + 2.5 * (1 - lids)
    face[:, 36:42, 0] -= _EYE_X * build.eye_distance
    face[:, 42:48] = face[:, (39, 38, 37, 36, 41, 40)] * (-1, 1, 1)
    face[:, 48:68] = _mouth(build, gap, motion.width.astype(np.float64))
    return face


def _mouth(build: Build, gap: Curve, width: Curve) -> Curve:
    """(F, 20, 3): twelve outer points from the corner at image left over the top, then eight inner ones."""
    half = _MOUTH_HALF * build.mouth_width * (1 + np.where(width < 0, _ROUNDER, _WIDER) * width)
    corner = _MOUTH_Y + _CORNER_SHARE * gap - build.smile * (0.6 + 0.4 * width)
    upper, lower = _MOUTH_Y - _UPPER_SHARE * gap, _MOUTH_Y + (1 - _UPPER_SHARE) * gap
    fullness = build.lip_fullness * np.where(_OUTER_Y < 0, _UPPER_LIP, _LOWER_LIP) * _OUTER_Y
    thickness = fullness * (1 - 0.1 * gap[:, None] / MAX_OPENING)

    def line(part: Curve, is_upper: Curve) -> Curve:
        middle = np.where(is_upper, upper[:, None], lower[:, None])
        return corner[:, None] * (1 - part) + middle * part

    x = half[:, None] * np.concatenate([_OUTER_X, _INNER_X])
    y = np.concatenate([line(_OUTER_PART, _IS_UPPER_OUTER) + thickness, line(_INNER_PART, _IS_UPPER_INNER)], axis=1)
    depth = np.broadcast_to(12 - 9 * np.abs(np.concatenate([_OUTER_X, _INNER_X])), x.shape)
    return np.stack([x, y, depth], axis=-1)


def _tilt(build: Build) -> Curve:
    outward = np.linspace(1, -1, 5)
    return np.stack([np.zeros(5), -outward * build.brow_tilt], axis=1)


def _with_depth(points: Curve, depth: float) -> Curve:
    return np.concatenate([points, np.full((len(points), 1), depth)], axis=1)


def _stretched(face: Curve, build: Build) -> Curve:
    """Head width and height; the lips keep their height, so that an opening is as many pixels on every face."""
    stretched = face * (build.head_width, build.head_height, 1)
    stretched[:, 48:68, 1] = face[:, 48:68, 1] + _MOUTH_Y * (build.head_height - 1)
    return stretched


def _turned(points: Curve, motion: FaceMotion) -> Curve:
    """Turn (F, N, 3) about the neck and look from the front: (F, N, 2)."""
    x, y, z = np.moveaxis(points - _PIVOT, -1, 0)
    sine, cosine = np.sin(motion.yaw)[:, None], np.cos(motion.yaw)[:, None]
    x, z = x * cosine + z * sine, z * cosine - x * sine
    sine, cosine = np.sin(motion.pitch)[:, None], np.cos(motion.pitch)[:, None]
    y = y * cosine + z * sine
    sine, cosine = np.sin(motion.roll)[:, None], np.cos(motion.roll)[:, None]
    x, y = x * cosine - y * sine, x * sine + y * cosine
    return np.stack([x, y], axis=-1) + _PIVOT[:2]


def still_head(build: Build) -> Curve:
    """The 68 points, (68, 2), of a face that looks ahead with its mouth closed."""
    zero = np.zeros(1)
    motion = FaceMotion(
        zero.astype(np.float32), zero.astype(np.float32), zero, zero, np.zeros((1, 2)), zero, zero, zero
    )
    return np.asarray(head_points(build, motion).face[0])

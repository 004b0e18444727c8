"""The whole body: face, arms with two bones each, hands with fingers, as 134 keypoints of the method's layout."""

from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import (
    BODY,
    CANVAS_SIZE,
    FACE,
    FEET,
    LEFT_HAND,
    LEGS,
    NUM_KEYPOINTS,
    RIGHT_HAND,
    Float32Array,
)
from mmgt_core.synthetic.curves import Curve
from mmgt_core.synthetic.face_model import FaceMotion, head_points
from mmgt_core.synthetic.hand_model import HandShape, hand_points
from mmgt_core.synthetic.identity import Build

HEAD_Y, SHOULDER_Y, HIP_Y = 128.0, 283.0, 500.0
_CENTRE = CANVAS_SIZE / 2
_UPPER_ARM, _FOREARM = 122.0, 116.0
_HIP_SHARE = 0.56
_ELBOW_POLE = np.array([-0.55, 0.8, -0.35])
"""Elbows hang outwards, down and back."""

_LEAST_PALM = 0.75
_PALM_ON_THE_WAY = np.array([0.6, -0.8, 0.0])
_NOSE_TIP = 30


@dataclass(frozen=True)
class ArmMotion:
    """Of each frame, as of a right arm, x towards the body's middle: wrist on the canvas with depth towards the viewer
    (F, 3); where the fingers aim and the palm looks, (F, 3) each; and the fingers."""

    wrist: Curve
    aim: Curve
    palm: Curve
    shape: HandShape


@dataclass(frozen=True)
class BodyMotion:
    """All that moves. sway: (F, 2) pixels of the trunk's top. breath: (F,) pixels that the shoulders rise."""

    face: FaceMotion
    sway: Curve
    breath: Curve
    right_arm: ArmMotion
    left_arm: ArmMotion


def presenter_keypoints(build: Build, motion: BodyMotion) -> Float32Array:
    """Place every point: (F, 134, 3) on the 512 canvas, confidence 1, but 0 in all of legs and feet."""
    num_frames = len(motion.breath)
    keypoints = np.ones((num_frames, NUM_KEYPOINTS, 3))
    head = head_points(build, motion.face)
    head_place = np.array([_CENTRE, HEAD_Y]) + 1.25 * motion.sway
    keypoints[:, FACE, :2] = head.face + head_place[:, None]
    body = keypoints[:, BODY]
    body[:, 0, :2] = head.face[:, _NOSE_TIP] + head_place
    body[:, 14:16, :2] = head.eyes + head_place[:, None]
    body[:, 16:18, :2] = head.ears + head_place[:, None]
    middle = np.array([_CENTRE, SHOULDER_Y]) + motion.sway - np.stack([0 * motion.breath, motion.breath], axis=1)
    body[:, 1, :2] = middle
    for side, shoulder, hip, arm, hand in (
        (-1, 2, 8, motion.right_arm, RIGHT_HAND),
        (1, 5, 11, motion.left_arm, LEFT_HAND),
    ):
        body[:, shoulder, :2] = middle + np.array([side * build.shoulder_width, 0])
        body[:, hip, :2] = (_CENTRE + side * build.shoulder_width * _HIP_SHARE, HIP_Y)
        elbow, fingers = _arm(_mirrored(body[:, shoulder, :2], side), arm, build.hand_length)
        body[:, shoulder + 1, :2] = _mirrored(elbow, side)
        body[:, shoulder + 2, :2] = _mirrored(fingers[:, 0], side)
        keypoints[:, hand, :2] = _mirrored(fingers, side)
    keypoints[:, LEGS] = 0
    keypoints[:, FEET] = 0
    return keypoints.astype(np.float32)


def _mirrored(points: Curve, side: int) -> Curve:
    """Into the right arm's coordinates and back: the person's right is image left."""
    return points if side < 0 else points * (-1, 1) + np.array([CANVAS_SIZE, 0])


def _arm(shoulder: Curve, arm: ArmMotion, hand_length: float) -> tuple[Curve, Curve]:
    """Elbow (F, 2) and hand points (F, 21, 2): a triangle of two bones in space, seen from the front."""
    start = np.concatenate([shoulder, np.zeros((len(shoulder), 1))], axis=1)
    reach = arm.wrist - start
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    direction = reach / distance
    distance = np.minimum(distance, 0.985 * (_UPPER_ARM + _FOREARM))
    wrist = start + direction * distance
    before = (_UPPER_ARM**2 - _FOREARM**2 + distance**2) / (2 * distance)
    height = np.sqrt(np.maximum(_UPPER_ARM**2 - before**2, 0))
    elbow = start + direction * before + _across(_ELBOW_POLE, direction) * height
    along = _unit(0.5 * (wrist - elbow) / _FOREARM + arm.aim)
    fingers = hand_points(wrist, along, _turning_palm(arm.palm, along), hand_length, arm.shape)
    return elbow[:, :2], fingers[..., :2]


def _turning_palm(palm: Curve, along: Curve) -> Curve:
    """Where the palm looks; between looking away and looking here it looks up and inwards, and never flips at once."""
    across = palm - np.sum(palm * along, axis=-1, keepdims=True) * along
    lack = np.maximum(0, _LEAST_PALM - np.linalg.norm(across, axis=-1, keepdims=True))
    return _across(palm + 2 * lack * _PALM_ON_THE_WAY, along)


def _unit(vectors: Curve) -> Curve:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _across(wanted: Curve, axis: Curve) -> Curve:
    """The unit vector at right angles to the axis that is nearest to the wanted one."""
    return _unit(wanted - np.sum(wanted * axis, axis=-1, keepdims=True) * axis)

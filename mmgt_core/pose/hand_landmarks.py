"""The 21 points of each hand, looked for where the body's wrists and knuckles are."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.crops import Region, angle_up, region_of
from mmgt_core.pose.litert import carried_network
from mmgt_core.types import UInt8Array

_NUM_POINTS = 21
_LEFT_ARM = (13, 15, 17, 19)
_WRIST, _MIDDLE_KNUCKLE = 0, 9
_PALM = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
_MIDDLE_KNUCKLES = (5, 9, 13)
_BODY_SCALE, _FOREARM_SCALE, _HAND_SCALE = 5.4, 0.9, 2.0
_SHIFT_TO_FINGERS = 0.1
_NUM_PASSES = 3
_STARTS = ((1.0, 1.0), (0.5, 0.55), (0.5, 0.45), (0.5, 0.65))
"""How far from wrist to knuckles a first region's centre lies, and its size as a part of the usual one.

The closer ones are for hands of which only the back is seen, where the body's knuckles lie too far out."""
_SURE = 0.5
_SAME_PLACE = 0.5
"""Two hands whose points lie closer together than this part of a palm's length are one hand, found twice."""


@dataclass(frozen=True)
class _Arm:
    """Where the body landmarks have an arm: (2,) float32 pixels each; `is_right` of the person."""

    elbow: Float32Array
    wrist: Float32Array
    pinky: Float32Array
    index: Float32Array
    is_right: bool

    @classmethod
    def of(cls, body: Float32Array, is_right: bool) -> Self:
        """Args: body: (33, 2) float32 landmarks, in which the right one follows each left one."""
        elbow, wrist, pinky, index = (body[left + is_right] for left in _LEFT_ARM)
        return cls(elbow, wrist, pinky, index, is_right)


@dataclass(frozen=True)
class _Hand:
    """points: (21, 2) float32 pixels; presence and how well it fits the arm's side, in [0, 1]."""

    points: Float32Array
    presence: float
    fits_side: float

    def with_confidence(self, confidence: float) -> Float32Array:
        """(21, 3) float32."""
        return np.concatenate([self.points, np.full((_NUM_POINTS, 1), confidence, dtype=np.float32)], axis=1)


class HandLandmarks:
    """A hand network, run from the body's points, then from its own; from closer by where it then sees no hand."""

    def __init__(self) -> None:
        """Raises: WeightsError: the package that carries the network is absent."""
        self._network = carried_network("hand_landmark/hand_landmark_full")

    def find(self, image: UInt8Array, body: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Find both hands of a body.

        Args:
            image: (H, W, 3) uint8 RGB.
            body: (33, 2) float32 body landmarks in pixels.

        Returns:
            The person's left and right hand, each (21, 3) float32: pixels and how sure it is that there is a hand.
            A hand that both arms claim is given to the side that it fits; the other one's confidence is 0.
        """
        left, right = (self._find_hand(image, _Arm.of(body, is_right)) for is_right in (False, True))
        if _is_same_place(left, right):
            is_left = left.fits_side >= right.fits_side
            return left.with_confidence(left.presence * is_left), right.with_confidence(right.presence * (not is_left))
        return left.with_confidence(left.presence), right.with_confidence(right.presence)

    def _find_hand(self, image: UInt8Array, arm: _Arm) -> _Hand:
        hand = self._follow(image, _region_from_arm(arm, *_STARTS[0]), arm.is_right)
        for along, scale in _STARTS[1:] if _is_inside(image, arm) else ():
            if hand.presence > _SURE:
                break
            other = self._follow(image, _region_from_arm(arm, along, scale), arm.is_right)
            hand = max(hand, other, key=_presence)
        return hand

    def _follow(self, image: UInt8Array, region: Region, is_right: bool) -> _Hand:
        """The surest of some passes, each in the region of the points before."""
        hands = []
        for _ in range(_NUM_PASSES):
            hands.append(self._run(image, region, is_right))
            region = _region_from_hand(hands[-1].points)
        return max(hands, key=_presence)

    def _run(self, image: UInt8Array, region: Region, is_right: bool) -> _Hand:
        size = self._network.input_size
        outputs = self._network.run(region.cut(image, size))
        points = outputs["Identity"].reshape(_NUM_POINTS, 3)[:, :2] / size
        rightness = outputs["Identity_2"].item()
        return _Hand(region.to_image(points), outputs["Identity_1"].item(), rightness if is_right else 1 - rightness)


def _presence(hand: _Hand) -> float:
    return hand.presence


def _is_inside(image: UInt8Array, arm: _Arm) -> bool:
    """Whether the arm ends in the picture; beyond its border no hand is worth a closer look."""
    height, width = image.shape[:2]
    x, y = (arm.wrist + arm.index) / 2
    return bool(0 <= x < width and 0 <= y < height)


def _region_from_arm(arm: _Arm, along: float, scale: float) -> Region:
    knuckles = (2 * arm.index + arm.pinky) / 3
    hand_length = float(np.linalg.norm(knuckles - arm.wrist))
    forearm_length = float(np.linalg.norm(arm.wrist - arm.elbow))
    x, y = arm.wrist + along * (knuckles - arm.wrist)
    side = scale * max(_BODY_SCALE * hand_length, _FOREARM_SCALE * forearm_length)
    return _shifted(Region(float(x), float(y), side, angle_up(arm.wrist, knuckles)))


def _region_from_hand(points: Float32Array) -> Region:
    angle = angle_up(points[_WRIST], points[list(_MIDDLE_KNUCKLES)].mean(axis=0))
    return _shifted(region_of(points[list(_PALM)], angle, _HAND_SCALE))


def _shifted(region: Region) -> Region:
    """The region moved towards the finger tips."""
    shift = region.side * _SHIFT_TO_FINGERS
    x, y = region.x + shift * np.sin(region.angle), region.y - shift * np.cos(region.angle)
    return Region(float(x), float(y), region.side, region.angle)


def _is_same_place(left: _Hand, right: _Hand) -> bool:
    between = np.linalg.norm(left.points - right.points, axis=1).mean()
    palm = max(np.linalg.norm(hand.points[_MIDDLE_KNUCKLE] - hand.points[_WRIST]) for hand in (left, right))
    return bool(between < _SAME_PLACE * palm)

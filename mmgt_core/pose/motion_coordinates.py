"""A pose in coordinates that can be scaled and averaged over time without bending or stretching anybody.

A bone is its length and its angle (a complex number's two parts), so that half of a swing is a swing by half the angle
of a bone as long. A hand's shape is told in units of its palm. A head's points are told from the neck. What
speaks or blinks (lips, jaw, eyes) has no coordinates: it is carried along with the head.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import ARMS, FACE, HEAD_OF_BODY, LIPS, NECK, SHOULDERS, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.easing import Float64Array
from mmgt_core.pose.eyelids import EYES
from mmgt_core.pose.face_motion import JAW, ComplexArray, as_complex

_TRUNK = [NECK, *SHOULDERS, 8, 11]
"""Neck, shoulders, hips."""
_BROWS_AND_NOSE = [*range(JAW.stop, EYES[0].start)]
_BROW_END = 9
"""Of them, the end of the other brow."""
_HEAD = [*HEAD_OF_BODY, *_BROWS_AND_NOSE]
_CARRIED = [*range(FACE.start, JAW.stop), *range(EYES[0].start, LIPS.stop)]
"""Jaw, eyes and lips."""
_KNUCKLES = [5, 9, 13, 17]
_HAND_POINTS = 21
_BONES_OF_ARM = 3
"""Upper arm, forearm, palm."""
_OF_ARM = _BONES_OF_ARM + _HAND_POINTS
NUM_COORDINATES = len(_TRUNK) + len(_HEAD) + len(ARMS) * _OF_ARM


@dataclass(frozen=True)
class Gains:
    """By how much each coordinate's way from a mean is scaled: (C,) for its real and its imaginary part."""

    real: Float64Array
    imaginary: Float64Array

    @classmethod
    def of(cls, gesture_strength: float, head_strength: float) -> "Gains":
        """Trunk, arms and hands by the one, the head by the other. No bone gets longer than it is: lengths and shapes
        of hands only shrink towards their mean, above 1 they stay."""
        trunk, head = np.full(len(_TRUNK), gesture_strength), np.full(len(_HEAD), head_strength)
        shape = min(gesture_strength, 1.0)
        lengths = np.full(_OF_ARM, shape)
        angles = np.concatenate([np.full(_BONES_OF_ARM, gesture_strength), np.full(_HAND_POINTS, shape)])
        real, imaginary = (np.concatenate([trunk, head, *[arm] * len(ARMS)]) for arm in (lengths, angles))
        return cls(real, imaginary)

    def scaled(self, coordinates: ComplexArray, means: ComplexArray) -> ComplexArray:
        """(F, C) coordinates, farther from or nearer to their means, (F, C)."""
        ways = coordinates - means
        return means + self.real * ways.real + 1j * self.imaginary * ways.imag


def coordinates_of(keypoints: Float32Array, last: ComplexArray | None) -> ComplexArray:
    """Poses in coordinates: (F, 134, 3) to (F, C); an arm that is not seen keeps those that it had.

    Args:
        keypoints: a part of a sequence.
        last: the coordinates of the frame before it, (C,): angles go on from there without a jump.
    """
    places = as_complex(keypoints)  # (F, 134)
    trunk, head = places[:, _TRUNK], places[:, _HEAD] - places[:, [NECK]]
    arms = [_arm_coordinates(places, keypoints[..., 2], arm) for arm in ARMS]
    coordinates = np.concatenate([trunk, head, *arms], axis=1)  # (F, C)
    before = coordinates[:1] if last is None else last[None]
    coordinates = _with_gaps_filled(np.concatenate([before, coordinates]))
    for column in bone_columns():
        coordinates[:, column] = coordinates[:, column].real + 1j * np.unwrap(coordinates[:, column].imag)
    return coordinates[1:]


def with_coordinates(keypoints: Float32Array, coordinates: ComplexArray) -> Float32Array:
    """The same poses, (F, 134, 3), with other coordinates, (F, C); what is not seen and has none stays."""
    old = as_complex(keypoints)
    new = old.copy()
    new[:, _TRUNK] = coordinates[:, : len(_TRUNK)]
    new[:, _HEAD] = new[:, [NECK]] + coordinates[:, len(_TRUNK) : len(_TRUNK) + len(_HEAD)]
    new[:, _CARRIED] = _carried(old, new)
    for arm, (shoulder, elbow, wrist, hand) in enumerate(ARMS):
        own = coordinates[:, _columns(arm)]
        bones = own[:, :_BONES_OF_ARM].real * np.exp(1j * own[:, :_BONES_OF_ARM].imag)
        seen = _is_seen(keypoints[..., 2], (shoulder, elbow, wrist))
        new[seen, elbow] = (new[:, shoulder] + bones[:, 0])[seen]
        new[seen, wrist] = (new[:, elbow] + bones[:, 1])[seen]
        shapes = own[:, _BONES_OF_ARM:] * bones[:, [2]]
        new[seen, hand] = (new[:, [wrist]] + shapes)[seen]
    moved = keypoints.copy()
    moved[..., 0], moved[..., 1] = new.real, new.imag
    return moved


def nearest_turn(difference: ComplexArray) -> ComplexArray:
    """The same difference between two poses' coordinates, (C,), each bone turned the shorter way."""
    nearest = difference.copy()
    angles = bone_columns()
    turned = np.angle(np.exp(1j * difference[angles].imag))
    nearest[angles] = difference[angles].real + 1j * turned
    return nearest


def face_on_head(keypoints: Float32Array) -> ComplexArray:
    """Jaw, eyes and lips in units of the head that they are on, (F, 134, 3) to (F, P)."""
    places = as_complex(keypoints)
    middle, size = _head_frame(places)
    return (places[:, _CARRIED] - middle) / size


def with_face_on_head(keypoints: Float32Array, faces: ComplexArray) -> Float32Array:
    """The same poses with another face on the head: the inverse of `face_on_head`."""
    middle, size = _head_frame(as_complex(keypoints))
    places = middle + size * faces
    moved = keypoints.copy()
    moved[:, _CARRIED, 0], moved[:, _CARRIED, 1] = places.real, places.imag
    return moved


def _head_frame(places: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Middle of brows and nose, and a vector as long as these are large, which turns with them: (F, 1) each."""
    points = places[:, _BROWS_AND_NOSE]
    middle = points.mean(axis=1, keepdims=True)
    centred = points - middle
    brow = centred[:, [_BROW_END]] - centred[:, [0]]
    size = np.sqrt((np.abs(centred) ** 2).mean(axis=1, keepdims=True))
    return middle, size * brow / np.maximum(np.abs(brow), 1e-9)


def _arm_coordinates(places: ComplexArray, confidence: Float32Array, arm: tuple[int, int, int, slice]) -> ComplexArray:
    shoulder, elbow, wrist, hand = arm
    from_wrist = places[:, hand] - places[:, [wrist]]
    palm = from_wrist[:, _KNUCKLES].mean(axis=1)
    bones = np.stack([places[:, elbow] - places[:, shoulder], places[:, wrist] - places[:, elbow], palm], axis=1)
    has_length = (np.abs(bones) > 0).all(axis=1)
    safe = np.where(has_length[:, None], bones, 1)
    own = np.concatenate([np.abs(safe) + 1j * np.angle(safe), from_wrist / safe[:, [2]]], axis=1)
    own[~(has_length & _is_seen(confidence, (shoulder, elbow, wrist)))] = np.nan
    return own


def _with_gaps_filled(coordinates: ComplexArray) -> ComplexArray:
    """Each gap gets what stood before it; one at the beginning what comes first; where nothing ever comes, 0."""
    for column in range(len(_TRUNK) + len(_HEAD), NUM_COORDINATES):
        known = np.flatnonzero(~np.isnan(coordinates[:, column]))
        if len(known) == 0:
            coordinates[:, column] = 0
        elif len(known) < len(coordinates):
            before = np.maximum(np.searchsorted(known, np.arange(len(coordinates)), side="right") - 1, 0)
            coordinates[:, column] = coordinates[known[before], column]
    return coordinates


def _carried(old: ComplexArray, new: ComplexArray) -> ComplexArray:
    """Jaw, eyes and lips as they lay on brows and nose, turned and scaled along with these: (F, P)."""
    source, target = old[:, _BROWS_AND_NOSE], new[:, _BROWS_AND_NOSE]
    source_middle, target_middle = source.mean(axis=1, keepdims=True), target.mean(axis=1, keepdims=True)
    centred = source - source_middle
    turned = (centred.conj() * (target - target_middle)).sum(axis=1, keepdims=True)
    size = np.maximum((np.abs(centred) ** 2).sum(axis=1, keepdims=True), 1e-9)
    return target_middle + turned / size * (old[:, _CARRIED] - source_middle)


def _is_seen(confidence: Float32Array, points: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    return np.asarray((confidence[:, list(points)] > VISIBLE).all(axis=1))


def _columns(arm: int) -> slice:
    first = len(_TRUNK) + len(_HEAD) + arm * _OF_ARM
    return slice(first, first + _OF_ARM)


def bone_columns() -> list[int]:
    """Those that are a length and an angle."""
    return [column for arm in range(len(ARMS)) for column in range(NUM_COORDINATES)[_columns(arm)][:_BONES_OF_ARM]]

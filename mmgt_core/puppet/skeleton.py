"""The bones of arms and hands: which keypoints they join, how thick they are, and how they place pixels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import CANVAS_SIZE, FACE, LEFT_HAND, RIGHT_HAND, SHOULDERS, Float32Array

VISIBLE = 0.3
"""Confidence from which a point counts, as where poses are drawn."""

_JAW_ENDS = [FACE.start, FACE.start + 16]
_HEADS = 1.3
"""Half the shoulders' width in half jaws: shoulders seen from the side are wider than they look."""
_SHOULDER, _ELBOW, _WRIST = 0.3, 0.25, 0.19
"""Radii of an arm, sleeve and all, as shares of half the shoulders' width."""
_FINGER, _PALM = 0.11, 0.15
"""Radii, as shares of a hand's length."""
_LEAST_HAND = 0.6
"""Of half the shoulders' width: a hand that points at the viewer is longer than it looks."""
_FINGER_BONES = [
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4)
]
_ACROSS_PALM = [(1, 5), (5, 9), (9, 13), (13, 17)]
_CHAINS = [[0, *range(first, first + 4)] for first in (5, 9, 13, 17)]

Bools = npt.NDArray[np.bool_]
Size = tuple[int, int]
"""Height and width of a picture, in pixels."""


@dataclass(frozen=True)
class Bones:
    """Segments in a picture's pixels. starts, ends: (N, 2). radii: (N, 2), of what is around both ends."""

    starts: Float32Array
    ends: Float32Array
    radii: Float32Array

    @cached_property
    def lengths(self) -> Float32Array:
        """(N, 1); never 0."""
        return np.maximum(np.linalg.norm(self.ends - self.starts, axis=1, keepdims=True), np.float32(1e-3))

    @cached_property
    def directions(self) -> Float32Array:
        """Unit vectors, (N, 2)."""
        return (self.ends - self.starts) / self.lengths


@dataclass(frozen=True)
class Part:
    """A limb. joints: (N, 2), keypoints at both ends of each bone. radii: (N, 2), as shares of its size: the hand's
    length where it is one, half the shoulders' width elsewhere. hand: its keypoints; None: no hand."""

    joints: npt.NDArray[np.int64]
    radii: Float32Array
    hand: slice | None = None

    def is_seen(self, seen: Bools) -> bool:
        """Args: seen: (134,)."""
        return bool(seen[self.joints].all())

    def size(self, points: Float32Array) -> float:
        """In pixels. Args: points: (134, 2)."""
        unit = shoulder_unit(points)
        if self.hand is None:
            return unit
        fingers = points[self.hand][_CHAINS]  # (4, 5, 2)
        return float(max(np.linalg.norm(np.diff(fingers, axis=1), axis=-1).sum(axis=1).max(), _LEAST_HAND * unit))

    def bones(self, points: Float32Array, size: float, wider: float = 1.0) -> Bones:
        """Where they are. Args: points: (134, 2). size: of the portrait's limb. wider: of the radii."""
        starts, ends = points[self.joints[:, 0]], points[self.joints[:, 1]]
        return Bones(starts, ends, self.radii * np.float32(size * wider))


def _arm(joints: tuple[int, int], radii: tuple[float, float]) -> Part:
    return Part(np.array([joints]), np.array([radii], np.float32))


def _hand(points: slice) -> Part:
    bones = np.array(_FINGER_BONES + _ACROSS_PALM)
    is_palm = (bones[:, 0] == 0) | (np.arange(len(bones)) >= len(_FINGER_BONES))
    radii = np.where(is_palm, _PALM, _FINGER).astype(np.float32)
    return Part(bones + points.start, np.stack([radii, radii], axis=1), points)


def _whole_arm(shoulder: int, hand: slice) -> tuple[Part, Part, Part]:
    upper = _arm((shoulder, shoulder + 1), (_SHOULDER, _ELBOW))
    return upper, _arm((shoulder + 1, shoulder + 2), (_ELBOW, _WRIST)), _hand(hand)


_RIGHT, _LEFT = _whole_arm(SHOULDERS[0], RIGHT_HAND), _whole_arm(SHOULDERS[1], LEFT_HAND)
PARTS = (*_RIGHT, *_LEFT)
"""From back to front, always: which forearm is nearer is not known, and an order that changed would flash."""
COUNTERPARTS = (3, 4, 5, 0, 1, 2)
"""Of each, the place of the other side's, which stands in where the portrait does not show it."""


def in_picture(keypoints: Float32Array, side: int) -> Float32Array:
    """Points on the 512 canvas, (134, 3), in pixels of a picture of another side, (134, 2); centres are whole."""
    scale = np.float32(side / CANVAS_SIZE)
    return np.asarray((keypoints[:, :2] + np.float32(0.5)) * scale - np.float32(0.5), np.float32)


def is_seen(keypoints: Float32Array) -> Bools:
    """(134,)."""
    return np.asarray(keypoints[:, 2] > VISIBLE)


def shoulder_unit(points: Float32Array) -> float:
    """Half the shoulders' width, or what the head says that it is; in pixels. Args: points: (134, 2)."""
    shoulders, jaw = (float(np.hypot(*(points[a] - points[b]))) / 2 for a, b in (SHOULDERS, _JAW_ENDS))
    return max(shoulders, _HEADS * jaw, 1.0)


@dataclass(frozen=True)
class BonePlaces:
    """P pixels as each of N bones sees them, (N, P) each: along, 0 to 1; past, pixels beyond an end; across, pixels to
    the side; outside, pixels beyond the radius, negative within."""

    along: Float32Array
    past: Float32Array
    across: Float32Array
    outside: Float32Array


def bone_places(bones: Bones, x: Float32Array, y: Float32Array) -> BonePlaces:
    """Args: x, y: (P,)."""
    direction, length = bones.directions, bones.lengths
    right, down = x - bones.starts[:, :1], y - bones.starts[:, 1:]  # (N, P)
    run = np.asarray(right * direction[:, :1] + down * direction[:, 1:], np.float32)
    across = down * direction[:, :1] - right * direction[:, 1:]
    within = np.clip(run, 0, length)
    along, past = np.asarray(within / length, np.float32), run - within
    radius = bones.radii[:, :1] + (bones.radii[:, 1:] - bones.radii[:, :1]) * along
    return BonePlaces(along, past, across, np.sqrt(past * past + across * across) - radius)


def beside(bones: Bones, places: BonePlaces) -> tuple[Float32Array, Float32Array]:
    """Where the same places lie beside other bones, x and y, (N, P) each.

    They are stretched along a bone and not across it, as when it turns towards the viewer; round ends stay round.
    """
    direction = bones.directions
    run = places.along * bones.lengths + places.past
    x = bones.starts[:, :1] + run * direction[:, :1] - places.across * direction[:, 1:]
    return x, bones.starts[:, 1:] + run * direction[:, 1:] + places.across * direction[:, :1]


def outside(bones: Bones, size: Size) -> Float32Array:
    """How far each pixel of a picture is outside of the limb around some bones, (H, W); negative within."""
    rows, columns = np.indices(size, dtype=np.float32)
    return bone_places(bones, columns.ravel(), rows.ravel()).outside.min(axis=0).reshape(size)

"""Eyelids in the 68 face points: how wide they are open, when they blink, and how they are moved."""

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import FACE, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.easing import Float64Array

EYES = (slice(FACE.start + 36, FACE.start + 42), slice(FACE.start + 42, FACE.start + 48))
"""The person's right eye, then the left: corner at image left, upper lid 2, corner at image right, lower lid 2."""
_LEFT, _RIGHT = 0, 3
_UPPER, _LOWER = (1, 2), (5, 4)

SHUT = 0.5
"""An eye less open than this part of its usual opening is taken as shut: half of the way that a blink goes."""
_MEETING = 0.73
"""Where lids meet, from the upper one to the lower: that lid hardly rises (Doane 1980); as in drawn presenters."""
_SLIT = 0.07
"""Of its opening, what remains between the points of a shut eye; as in drawn presenters."""
_LEAST_OPENING = 0.08
"""Of its width. An eye that is less open in the pose that gives the measure tells nothing: it was shut, or not seen."""


def height_by_width(eyes: npt.NDArray[np.floating]) -> Float64Array:
    """Of eyes of six points each, (…, 6, 2): (…); the eye aspect ratio of Soukupová and Čech (2016)."""
    points = eyes.astype(np.float64)
    height = np.linalg.norm(points[..., _UPPER, :] - points[..., _LOWER, :], axis=-1).mean(axis=-1)
    width = np.linalg.norm(points[..., _RIGHT, :] - points[..., _LEFT, :], axis=-1)
    return np.asarray(height / np.maximum(width, 1e-6))


def eye_opening(keypoints: Float32Array) -> Float64Array:
    """Height of the eyes by their width, mean of both: it depends neither on the face's size nor on its tilt.

    Args:
        keypoints: (F, 134, 3).

    Returns:
        (F,).
    """
    return np.asarray(np.mean([height_by_width(keypoints[:, eye, :2]) for eye in EYES], axis=0))


def usual_opening(keypoints: Float32Array) -> float | None:
    """How wide a person's eyes are open by their own pose, (134, 3); None where it does not show open eyes."""
    opening = float(eye_opening(keypoints[None])[0])
    is_seen = all((keypoints[eye, 2] > VISIBLE).all() for eye in EYES)
    return opening if is_seen and opening >= _LEAST_OPENING else None


def blinks(openness: Float64Array) -> list[range]:
    """The frames of each blink.

    Args:
        openness: (F,), of the eyes' usual opening.
    """
    return runs(openness < SHUT)


def runs(is_so: npt.NDArray[np.bool_]) -> list[range]:
    """The frames, of (F,), in which something is so without a break."""
    edges = np.diff(np.concatenate([[0], is_so, [0]]).astype(int))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [range(start, stop) for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]


def with_lids(keypoints: Float32Array, closure: npt.NDArray[np.floating], usual: float) -> Float32Array:
    """Copy poses with their lids closed by that much; an eye that is shut further stays so.

    The lids move between their present places, so that they go along with the face.

    Args:
        keypoints: (F, 134, 3).
        closure: (F,), 0 leaves the eyes as they are, 1 shuts them.
        usual: how wide they are usually open, of `eye_opening`.
    """
    moved = keypoints.copy()
    wanted = 1 - (1 - _SLIT) * closure.astype(np.float64)  # (F,), of the usual opening
    openness = np.maximum(eye_opening(keypoints) / usual, 1e-6)
    left = np.where(closure > 0, np.minimum(1, wanted / openness), 1)[:, None, None]  # of the gap that there is
    for eye in EYES:
        points = keypoints[:, eye, :2].astype(np.float64)
        upper, lower = points[:, _UPPER], points[:, _LOWER]
        meeting = upper + _MEETING * (lower - upper)
        for lid, places in ((_UPPER, upper), (_LOWER, lower)):
            moved[:, [eye.start + point for point in lid], :2] = meeting + left * (places - meeting)
    return moved

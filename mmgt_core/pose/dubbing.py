"""Lips and jaw of one performance on the face of another: laid on by points of both faces that do not speak."""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import LIPS, Float32Array
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.easing import Float64Array
from mmgt_core.pose.eyelids import EYES
from mmgt_core.pose.face_motion import JAW, ComplexArray, as_complex
from mmgt_core.types import PoseSequence

_SPEAKING = [*range(JAW.start, JAW.stop), *range(LIPS.start, LIPS.stop)]
_CORNERS = [eye.start + corner for eye in EYES for corner in (0, 3)]
_SILENT = [*range(JAW.stop, EYES[0].start), *_CORNERS]
"""Brows, nose, corners of the eyes: lids blink, and the rest speaks."""
_FEWEST_POINTS = 6
"""Seen in both faces; by fewer, a face is not known well enough, and keeps the mouth that it has."""
_ROUNDS = 8
_LEAST_SCALE_PX = 0.5
"""Of errors: points never lie better."""


def dubbed(driving: PoseSequence, spoken: Iterator[PoseSequence]) -> Iterator[PoseSequence]:
    """The driving poses with lips and jaw of spoken ones, part by part as these come; all else stays, bit by bit.

    Args:
        driving: whose head, eyes and gestures remain.
        spoken: as many poses of another sound, in order.
    """
    first = 0
    for part in spoken:
        own = driving.keypoints[first : first + len(part)]
        yield PoseSequence(with_mouth_of(own, part.keypoints))
        first += len(part)


def with_mouth_of(poses: Float32Array, spoken: Float32Array) -> Float32Array:
    """The same poses, (F, 134, 3), with the mouth of others, moved, turned and scaled from face to face."""
    source, target = as_complex(spoken[:, _SILENT]), as_complex(poses[:, _SILENT])  # (F, P)
    seen = (np.minimum(spoken[:, _SILENT, 2], poses[:, _SILENT, 2]) > VISIBLE).astype(np.float64)
    known = seen.sum(axis=1) >= _FEWEST_POINTS
    factor, shift = _similarities(source[known], target[known], seen[known])
    places = factor * as_complex(spoken[known][:, _SPEAKING]) + shift
    mouths = spoken[known][:, _SPEAKING]
    mouths[..., 0], mouths[..., 1] = places.real, places.imag
    changed = poses.copy()
    changed[np.ix_(known, _SPEAKING)] = mouths
    return changed


def _similarities(source: ComplexArray, target: ComplexArray, seen: Float64Array) -> tuple[ComplexArray, ComplexArray]:
    """a and b, (F, 1) each, of a z + b, by which a face lies on another's: (F, P) points, seen is 1 or 0 of each.

    By least squares over and over, a point counting the less the farther it lies off (Cauchy's weights, scaled by the
    median error): a brow that a detector put elsewhere, or that is raised, does not shift a mouth.
    """
    weights = seen
    for _ in range(_ROUNDS):
        total = weights.sum(axis=1, keepdims=True)
        middle = (weights * source).sum(axis=1, keepdims=True) / total
        target_middle = (weights * target).sum(axis=1, keepdims=True) / total
        centred = source - middle
        size = np.maximum((weights * np.abs(centred) ** 2).sum(axis=1, keepdims=True), 1e-9)
        factor = (weights * centred.conj() * (target - target_middle)).sum(axis=1, keepdims=True) / size
        shift = target_middle - factor * middle
        errors = np.abs(factor * source + shift - target)
        usual = np.nanmedian(np.where(seen > 0, errors, np.nan), axis=1, keepdims=True)
        weights = seen / (1 + (errors / np.maximum(usual, _LEAST_SCALE_PX)) ** 2)
    return factor, shift

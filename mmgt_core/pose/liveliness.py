"""How lively a video's poses are: gestures and heads calmer or livelier than they came, and steadier over time."""

from collections.abc import Iterator

import numpy as np

from mmgt_core.keypoints import NUM_KEYPOINTS
from mmgt_core.pose.easing import Float64Array
from mmgt_core.pose.face_motion import ComplexArray
from mmgt_core.pose.motion_coordinates import Gains, coordinates_of, with_coordinates
from mmgt_core.pose_sampling import PoseWishes
from mmgt_core.types import FPS, PoseSequence

_FIRST_MEAN_FRAMES = 10 * FPS
"""So many frames wait for the first mean."""
_MEAN_OVER_FRAMES = 60 * FPS
"""From then on the mean runs, and forgets over a minute: at strength 0, its drift is all that is left of a gesture."""
_DEVIATION_FRAMES = 6.0
"""Of the Gaussian that `smoothing` 1 averages over: a quarter of a second."""
_REACH = 3
"""In deviations."""


def with_liveliness(parts: Iterator[PoseSequence], wishes: PoseWishes) -> Iterator[PoseSequence]:
    """Poses with their deviation from a running mean scaled, then averaged over time; lips and blinks stay their own.

    Args:
        parts: of one sequence, in order, as they are made; some frames wait where they are averaged.
        wishes: how much.
    """
    if wishes.are_as_lively:
        return parts
    gains = Gains.of(wishes.gesture_strength, wishes.head_strength)
    scaled = _scaled(parts, gains)
    return _steadied(scaled, _weights(wishes.smoothing)) if wishes.smoothing else _placed(scaled)


def _scaled(parts: Iterator[PoseSequence], gains: Gains) -> Iterator[tuple[PoseSequence, ComplexArray]]:
    last: ComplexArray | None = None
    mean: ComplexArray | None = None
    for part in _with_long_first(parts):
        coordinates = coordinates_of(part.keypoints, last)
        last = coordinates[-1]
        if mean is None:
            mean = coordinates.mean(axis=0)
            means = np.broadcast_to(mean, coordinates.shape)
        else:
            means = np.empty_like(coordinates)
            for index, now in enumerate(coordinates):
                mean = mean + (now - mean) / _MEAN_OVER_FRAMES
                means[index] = mean
        yield part, gains.scaled(coordinates, means)


def _with_long_first(parts: Iterator[PoseSequence]) -> Iterator[PoseSequence]:
    """The same frames, the first part exactly as long as a mean is known by, where there are so many."""
    first = np.zeros((0, NUM_KEYPOINTS, 3), np.float32)
    for part in parts:
        first = np.concatenate([first, part.keypoints])
        if len(first) >= _FIRST_MEAN_FRAMES:
            break
    for frames in (first[:_FIRST_MEAN_FRAMES], first[_FIRST_MEAN_FRAMES:]):
        if len(frames):
            yield PoseSequence(frames)
    yield from parts


def _placed(parts: Iterator[tuple[PoseSequence, ComplexArray]]) -> Iterator[PoseSequence]:
    for part, coordinates in parts:
        yield PoseSequence(with_coordinates(part.keypoints, coordinates))


def _steadied(parts: Iterator[tuple[PoseSequence, ComplexArray]], weights: Float64Array) -> Iterator[PoseSequence]:
    """Each frame averaged with those around it, those that there are; frames leave as soon as these have come."""
    reach = len(weights) // 2
    keypoints, coordinates, num_left = np.zeros((0, NUM_KEYPOINTS, 3), np.float32), None, 0
    for part, own in parts:
        keypoints = np.concatenate([keypoints, part.keypoints])
        coordinates = own if coordinates is None else np.concatenate([coordinates, own])
        num_ready = len(keypoints) - reach
        if num_ready > num_left:
            averaged = _averaged(coordinates, weights, range(num_left, num_ready))
            yield PoseSequence(with_coordinates(keypoints[num_left:num_ready], averaged))
            num_left = num_ready
        num_past = max(0, num_left - reach)
        keypoints, coordinates, num_left = (
            keypoints[num_past:].copy(),
            coordinates[num_past:].copy(),
            num_left - num_past,
        )
    if coordinates is not None and num_left < len(keypoints):
        averaged = _averaged(coordinates, weights, range(num_left, len(keypoints)))
        yield PoseSequence(with_coordinates(keypoints[num_left:], averaged))


def _averaged(coordinates: ComplexArray, weights: Float64Array, frames: range) -> ComplexArray:
    reach = len(weights) // 2
    rows = []
    for frame in frames:
        first, last = max(0, frame - reach), min(len(coordinates), frame + reach + 1)
        near = weights[first - frame + reach : last - frame + reach]
        rows.append(near @ coordinates[first:last] / near.sum())
    return np.stack(rows)


def _weights(smoothing: float) -> Float64Array:
    deviation = smoothing * _DEVIATION_FRAMES
    reach = max(1, round(_REACH * deviation))
    return np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)

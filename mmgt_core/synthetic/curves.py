"""Smooth curves of which all motion is made: minimum-jerk strokes, slow drift, short pulses."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmgt_core.pose.easing import minimum_jerk

Curve = npt.NDArray[np.float64]


def strokes(times_s: Curve, start: Curve, moves: Sequence[tuple[float, float, Curve]]) -> Curve:
    """A path, (F, D): rest at `start`, (D,), then reach the goals of the moves (from s, to s, goal); overlaps blend."""
    path = np.tile(start, (len(times_s), 1))
    before = start
    for from_s, to_s, goal in moves:
        path += minimum_jerk((times_s - from_s) / (to_s - from_s))[:, None] * (goal - before)
        before = goal
    return path


def drift(times_s: Curve, rng: np.random.Generator, amplitude: float, fastest_hz: float = 0.45) -> Curve:
    """Slow wandering around 0, of about that amplitude, that starts at 0. (F,)"""
    frequencies = rng.uniform(0.07, fastest_hz, 4)
    phases = rng.uniform(0, 2 * np.pi, 4)
    waves = np.sin(2 * np.pi * frequencies * times_s[:, None] + phases) - np.sin(phases)
    return waves.sum(axis=1) * amplitude / 2


def pulses(times_s: Curve, centres_s: Sequence[float], heights: Sequence[float], width_s: float) -> Curve:
    """Bumps of those heights around those times. (F,)"""
    if not centres_s:
        return np.zeros(len(times_s))
    bumps = np.exp(-0.5 * ((times_s[:, None] - np.array(centres_s)) / width_s) ** 2)
    return np.asarray(bumps @ np.array(heights))

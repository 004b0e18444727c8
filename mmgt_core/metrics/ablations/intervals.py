"""How sure a difference is: means over trainings and clips that both count as drawn, with 95 % intervals.

Clips are shared by all trainings, so (training, clip) pairs are no independent samples. docs/decisions/0026 says why it
is this interval and how often others hold the truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t as students_t

Float64Array = npt.NDArray[np.float64]
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A difference and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_told_apart(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


def difference(pairs: Float64Array, value: float | None = None) -> Difference:
    """The mean of paired differences, and its interval for another draw of trainings and of clips.

    The model is d = μ + training + clip + rest, each drawn. The variance of the mean is that of Dorfman, Berbaum and
    Metz (1992), who had readers and cases; the degrees of freedom are Satterthwaite's. Of one training the interval
    is for another draw of clips alone.

    Args:
        pairs: (S, C), of S trainings on C clips; at least two clips.
        value: of the difference where it is no mean of the pairs, as of figures of sets.
    """
    num_seeds, num_clips = pairs.shape
    of_seeds, of_clips, mean = pairs.mean(axis=1), pairs.mean(axis=0), float(pairs.mean())
    clips = num_seeds * of_clips.var(ddof=1)
    if num_seeds == 1:
        spread, freedom = clips, num_clips - 1.0
    else:
        seeds = num_clips * of_seeds.var(ddof=1)
        rest = pairs - of_seeds[:, None] - of_clips + mean
        clips = max(clips - (rest**2).sum() / ((num_seeds - 1) * (num_clips - 1)), 0.0)
        spread = seeds + clips
        squares = seeds**2 / (num_seeds - 1) + clips**2 / (num_clips - 1)
        freedom = spread**2 / squares if squares else np.inf
    half = float(students_t.ppf((1 + _CONFIDENCE) / 2, freedom) * np.sqrt(spread / pairs.size))
    centre = mean if value is None else value
    return Difference(centre, centre - half, centre + half)


def pseudo_values(figure: Callable[[Sequence[int]], float], num_clips: int) -> Float64Array:
    """What each clip adds to a figure of a set, (C,): C times the whole's less C - 1 times that without the clip.

    Their mean's variance is that of the figure, by leaving out one clip after the other; of a mean over clips they are
    the clips' own numbers.

    Args:
        figure: of some of the clips, by their indices.
        num_clips: C.
    """
    every = range(num_clips)
    whole = figure(every)
    without = np.array([figure([index for index in every if index != left_out]) for left_out in every])
    return np.asarray(num_clips * whole - (num_clips - 1) * without, np.float64)

"""How far a movement has come that begins and ends at rest."""

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


def minimum_jerk(phase: Float64Array) -> Float64Array:
    """From 0 to 1 while the phase goes from 0 to 1, the way that hands move: rest to rest with the least jerk."""
    x = np.clip(phase, 0, 1)
    return x**3 * (10 - 15 * x + 6 * x**2)


def slowing(phase: Float64Array) -> Float64Array:
    """How much of a time is still lived, 0 to 1/2, by what slows from its usual speed to a stop meanwhile.

    The integral of 1 - `minimum_jerk`: its slope is 1 at phase 0 and 0 at phase 1.
    """
    x = np.clip(phase, 0, 1)
    return x - x**4 * (2.5 - 3 * x + x**2)

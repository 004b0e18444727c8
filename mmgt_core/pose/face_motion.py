"""Parts of a face taken from another pose: moved, turned and scaled along with the head."""

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import FACE, LIPS, Float32Array
from mmgt_core.pose.easing import Float64Array

ComplexArray = npt.NDArray[np.complexfloating]

JAW = slice(FACE.start, FACE.start + 17)
_UPPER_FACE = slice(JAW.stop, LIPS.start)
"""Brows, nose and eyes: they move with the head, and not with speech."""


def moved_along(reference: Float32Array, pose: Float32Array, part: slice) -> Float64Array:
    """Where points of a reference pose lie when its upper face is laid on another pose's.

    Args:
        reference: (134, 3). pose: (134, 3). part: which points, P of them.

    Returns:
        (P, 2).
    """
    source, target = (as_complex(face[_UPPER_FACE]).mean() for face in (reference, pose))
    moved = similarity(reference, pose) * (as_complex(reference[part]) - source) + target
    return np.stack([moved.real, moved.imag], axis=-1)


def similarity(reference: Float32Array, pose: Float32Array) -> complex:
    """How a reference's upper face is turned and scaled to lie on another's, (134, 3) each: a of z -> a z + b.

    Points of the plane are complex numbers here: a's length is the scale, its angle the turn; by least squares.
    """
    source, target = as_complex(reference[_UPPER_FACE]), as_complex(pose[_UPPER_FACE])
    centred = source - source.mean()
    return complex(np.vdot(centred, target - target.mean()) / max(float(np.vdot(centred, centred).real), 1e-9))


def as_complex(points: npt.NDArray[np.floating]) -> ComplexArray:
    """Points of the plane, (…, 2 or 3), as complex numbers: (…)."""
    return points[..., 0].astype(np.float64) + 1j * points[..., 1]

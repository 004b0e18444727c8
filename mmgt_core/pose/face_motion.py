"""Parts of a face taken from another pose: moved, turned and scaled along with the head."""

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import FACE, LIPS, Float32Array
from mmgt_core.pose.easing import Float64Array

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
    # A similarity of the plane is z -> a z + b in complex numbers; least squares over the upper face.
    source, target = _complex(reference[_UPPER_FACE]), _complex(pose[_UPPER_FACE])
    centred = source - source.mean()
    a = np.vdot(centred, target - target.mean()) / max(float(np.vdot(centred, centred).real), 1e-9)
    moved = a * (_complex(reference[part]) - source.mean()) + target.mean()
    return np.stack([moved.real, moved.imag], axis=-1)


def _complex(points: Float32Array) -> npt.NDArray[np.complexfloating]:
    return points[:, 0].astype(np.float64) + 1j * points[:, 1]

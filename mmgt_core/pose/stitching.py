"""How one segment of motion continues the one before."""

import numpy as np

from mmgt_core.keypoints import Float32Array


def overlap_weights(num_known: int, num_blend: int) -> Float32Array:
    """How much of each known frame a new segment keeps: (num_known,) float32 in (0, 1].

    1 over the first frames, then half a cosine down over the last `num_blend`, so that a prediction that does not
    quite continue the known motion takes over without a jump in position or in velocity.
    """
    num_blend = min(num_blend, num_known - 1)
    phase = np.arange(1, num_blend + 1) / (num_blend + 1)
    ramp = 0.5 * (1 + np.cos(np.pi * phase))
    return np.concatenate([np.ones(num_known - num_blend), ramp]).astype(np.float32)

"""How far a face is turned in its picture, told by the line from the nose bridge to the chin."""

import numpy as np

from mmgt_core.keypoints import FACE, Float32Array

_NOSE_BRIDGE, _CHIN = FACE.start + 27, FACE.start + 8


def face_turn_degrees(keypoints: Float32Array) -> float:
    """From upright, clockwise, in -180 to 180.

    Args:
        keypoints: (…, 134, 3) in pixels; of several poses the middle one counts.
    """
    right, down = np.median((keypoints[..., _CHIN, :2] - keypoints[..., _NOSE_BRIDGE, :2]).reshape(-1, 2), axis=0)
    return float(np.degrees(np.arctan2(-right, down)))

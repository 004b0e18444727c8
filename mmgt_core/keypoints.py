"""The 134-point whole-body layout: where each part lives, how it is scaled, how the legs are removed.

Layout (spec §1): 18 body points in OpenPose order, 6 feet, 68 face (the last 20 are the lips), 21 left hand,
21 right hand; each is x, y in pixels of the 512 canvas and a confidence.
"""

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]

NUM_KEYPOINTS = 134
NUM_KEYPOINT_VALUES = 3 * NUM_KEYPOINTS
CANVAS_SIZE = 512

BODY = slice(0, 18)
FEET = slice(18, 24)
FACE = slice(24, 92)
LIPS = slice(72, 92)
LEFT_HAND = slice(92, 113)
RIGHT_HAND = slice(113, 134)
LEGS = (9, 10, 12, 13)
"""Both knees and both ankles; the hips stay."""

NOSE, NECK = 0, 1
HEAD_OF_BODY = (NOSE, 14, 15, 16, 17)
"""Nose, eyes and ears: body points that go with the face."""
SHOULDERS = (2, 5)
ARMS = ((2, 3, 4, RIGHT_HAND), (5, 6, 7, LEFT_HAND))
"""Shoulder, elbow, wrist, and the hand's points."""

_LOWEST, _SPAN = 200.0, 1000.0
"""Every channel, the confidence too, is mapped from [-200, 800] to [-1, 1]: the published weights expect it."""

_NECK_SCORE_THRESHOLD = 0.3
_OPENPOSE_FROM_COCO_WITH_NECK = (0, 17, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
_COCO_SHOULDERS = (5, 6)


def from_coco_wholebody(points: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Insert the neck into 133 COCO-WholeBody points and put the body into OpenPose order.

    Args:
        points: (people, 133, 3), x, y, score.

    Returns:
        (people, 134, 3) of the same dtype. The neck is the mean of the shoulders, its score 1 or 0. Source: spec §1.
    """
    shoulders = points[:, _COCO_SHOULDERS, :]
    neck = shoulders.mean(axis=1)
    neck[:, 2] = (shoulders[:, :, 2] > _NECK_SCORE_THRESHOLD).all(axis=1)
    with_neck = np.insert(points, 17, neck, axis=1)
    with_neck[:, BODY] = with_neck[:, _OPENPOSE_FROM_COCO_WITH_NECK]
    return with_neck


def normalise(keypoints: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Map pixels and scores to the network's range: (…, 134, 3) to (…, 402), n = (v + 200) / 1000 · 2 - 1 (spec §1)."""
    flat = keypoints.reshape(*keypoints.shape[:-2], NUM_KEYPOINT_VALUES)
    return (flat + _LOWEST) / _SPAN * 2 - 1


def denormalise(values: Float32Array) -> Float32Array:
    """Map the network's range back: (…, 402) to (…, 134, 3); float32, or scores near the threshold flip (spec §1)."""
    values = values.astype(np.float32, copy=False)
    pixels = (values + np.float32(1)) / np.float32(2) * np.float32(_SPAN) - np.float32(_LOWEST)
    return pixels.reshape(*values.shape[:-1], NUM_KEYPOINTS, 3)


def without_legs(keypoints: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Copy (…, 134, 3) with knees and ankles set to 0 in every channel.

    In pixels that makes them invisible; in normalised values it is the "300 px, score 300" that the network was
    trained to see in its condition. Both uses are needed (spec §1).
    """
    masked = keypoints.copy()
    masked[..., LEGS, :] = 0
    return masked


def without_legs_flat(values: Float32Array) -> Float32Array:
    """The same on flat, normalised values, (…, 402): the condition that stage 1 was trained to see."""
    return without_legs(values.reshape(*values.shape[:-1], NUM_KEYPOINTS, 3)).reshape(values.shape)

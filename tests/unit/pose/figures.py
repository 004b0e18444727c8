"""A made-up person for laws that need no network."""

import numpy as np

from mmgt_core.keypoints import FACE, LEFT_HAND, LEGS, NUM_KEYPOINTS, RIGHT_HAND, Float32Array
from mmgt_core.pose.detector import DetectedPerson

NOSE_BRIDGE, CHIN = FACE.start + 27, FACE.start + 8

BODY_POINTS = {
    0: (0, -1.0), 1: (0, 0), 2: (-0.5, 0), 3: (-0.6, 0.7), 4: (-0.4, 1.3), 5: (0.5, 0), 6: (0.6, 0.7), 7: (0.4, 1.3),
    14: (-0.1, -1.1), 15: (0.1, -1.1), 16: (-0.2, -1.05), 17: (0.2, -1.05),
}  # fmt: skip
"""From the neck, in shoulder widths; without hips, legs and feet."""


def figure(neck_x: float, neck_y: float, shoulders: float, hands: bool = True) -> DetectedPerson:
    """Someone facing us; hands hang below the wrists. `shoulders` is their width in pixels."""
    keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    for index, point in BODY_POINTS.items():
        keypoints[index] = (*point, 1)
    keypoints[FACE, 0] = np.tile(np.linspace(-0.22, 0.22, 17), 4)
    keypoints[FACE, 1] = np.repeat(np.linspace(-1.2, -0.7, 4), 17)
    keypoints[FACE, 2] = 1
    keypoints[NOSE_BRIDGE, 1], keypoints[CHIN, 1] = -1.2, -0.7
    for part, side in ((LEFT_HAND, 1), (RIGHT_HAND, -1)):
        keypoints[part, 0] = 0.4 * side
        keypoints[part, 1] = np.linspace(1.3, 1.7, 21)
        keypoints[part, 2] = hands
    seen = keypoints[:, 2] > 0
    keypoints[seen, :2] = keypoints[seen, :2] * shoulders + (neck_x, neck_y)
    box = keypoints[seen, :2]
    (x0, y0), (x1, y1) = box.min(axis=0).tolist(), box.max(axis=0).tolist()
    return DetectedPerson(keypoints, (x0, y0, x1, y1), 0.9)


def on_canvas() -> Float32Array:
    """(134, 3) of someone in the middle of the 512 canvas, with legs."""
    keypoints = figure(256, 240, 150).keypoints
    for index, y in zip(LEGS, (430, 500, 430, 500), strict=True):
        keypoints[index] = (256, y, 1)
    return keypoints

"""How wide eyes are open, read from the picture by a network of its own: a face mesh hardly sees lids shut."""

from dataclasses import replace

import numpy as np

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.crops import Region, angle_across
from mmgt_core.pose.detector import VISIBLE, DetectedPerson, WholeBodyDetector
from mmgt_core.pose.eyelids import EYES, height_by_width
from mmgt_core.pose.litert import carried_network
from mmgt_core.types import UInt8Array

_CONTOURS = "output_eyes_contours_and_brows"
_NUM_CONTOUR_POINTS = 71
_POINTS_OF_EYE = (0, 11, 13, 8, 5, 3)
"""Of the contours' points, those that stand for an eye's six of the 68, outer corner first."""
_SCALE = 2.3
"""Side of the square that the network is shown, in distances of an eye's corners: as it was trained."""


class EyeNetwork:
    """Finds lids in a picture of an eye; it was trained on eyes whose outer corner is at image left."""

    def __init__(self) -> None:
        """Raises: WeightsError: the package that carries the network is absent."""
        self._network = carried_network("iris_landmark/iris_landmark")

    def opening(self, image: UInt8Array, keypoints: Float32Array) -> float | None:
        """How high both eyes are by their width; None where they are not seen.

        Args:
            image: (H, W, 3) uint8 RGB.
            keypoints: (134, 3) in its pixels; eye corners are taken from them.
        """
        if not all((keypoints[eye, 2] > VISIBLE).all() for eye in EYES):
            return None
        right, left = (keypoints[eye, :2] for eye in EYES)
        return (self._ratio(image, right, is_left=False) + self._ratio(image, left, is_left=True)) / 2

    def _ratio(self, image: UInt8Array, eye: Float32Array, *, is_left: bool) -> float:
        corners, size = eye[[0, 3]], self._network.input_size
        x, y = corners.mean(axis=0).tolist()
        side = _SCALE * float(np.linalg.norm(corners[1] - corners[0]))
        crop = Region(x, y, side, angle_across(corners[0], corners[1])).cut(image, size)
        outputs = self._network.run(crop[:, ::-1] if is_left else crop)
        points = outputs[_CONTOURS].reshape(_NUM_CONTOUR_POINTS, 3)[list(_POINTS_OF_EYE), :2]
        return float(height_by_width(points))


class SeesEyelids:
    """`WholeBodyDetector` on another one, whose people it also looks in the eyes."""

    def __init__(self, detector: WholeBodyDetector, eyes: EyeNetwork) -> None:
        self._detector, self._eyes = detector, eyes

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the people in it, the largest first; none is an empty list."""
        people = self._detector.detect(image)
        return [replace(person, eye_opening=self._eyes.opening(image, person.keypoints)) for person in people]


def seeing_eyelids(detector: WholeBodyDetector) -> WholeBodyDetector:
    """The same detector that also sees lids; as it is where the package with the network is absent."""
    try:
        return SeesEyelids(detector, EyeNetwork())
    except WeightsError:
        return detector

"""What every whole-body detector promises, so that framing does not care which networks stand behind it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmgt_core.keypoints import FACE, NUM_KEYPOINTS, Float32Array
from mmgt_core.types import UInt8Array

VISIBLE = 0.3
"""The confidence above which a point is drawn (spec §1)."""


@dataclass(frozen=True)
class DetectedPerson:
    """One person in an image.

    keypoints: (134, 3) float32, x, y in pixels of that image, confidence in [0, 1].
    box: x0, y0, x1, y1 in pixels of that image; may reach beyond it.
    score: in [0, 1], how sure it is that this is a person. is_drawn: a drawn presenter, not a photographed person.
    eye_opening: height of the eyes by their width, where a network of its own read it in the picture.
    """

    keypoints: Float32Array
    box: tuple[float, float, float, float]
    score: float
    is_drawn: bool = False
    eye_opening: float | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError: keypoints of another shape or dtype."""
        if self.keypoints.shape != (NUM_KEYPOINTS, 3) or self.keypoints.dtype != np.float32:
            raise ValueError(f"keypoints are (134, 3) float32, not {self.keypoints.shape} {self.keypoints.dtype}")

    @property
    def area(self) -> float:
        """Square pixels of the box."""
        x0, y0, x1, y1 = self.box
        return max(0.0, x1 - x0) * max(0.0, y1 - y0)

    @property
    def has_face(self) -> bool:
        """Whether the face is seen."""
        return bool(self.keypoints[FACE, 2].mean() > VISIBLE)


class WholeBodyDetector(Protocol):
    """Finds people and their 134 keypoints in a picture."""

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the people in it, the largest first; none is an empty list."""
        ...


def largest_first(people: list[DetectedPerson]) -> list[DetectedPerson]:
    """Sorted by the area of their boxes."""
    return sorted(people, key=lambda person: person.area, reverse=True)

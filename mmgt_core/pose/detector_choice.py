"""Drawn presenters and photographs in one detector: the first that finds somebody answers."""

from collections.abc import Sequence

from mmgt_core.pose.detector import DetectedPerson, WholeBodyDetector
from mmgt_core.types import UInt8Array


class FirstThatSees:
    """`WholeBodyDetector` on several others, asked in order."""

    def __init__(self, detectors: Sequence[WholeBodyDetector]) -> None:
        self.detectors = tuple(detectors)

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the people in it, the largest first; none is an empty list."""
        return next((people for detector in self.detectors if (people := detector.detect(image))), [])

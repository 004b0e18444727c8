"""One person through a film in which there may be several: told apart by where they were a moment before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmgt_core.pose.detector import VISIBLE, DetectedPerson, WholeBodyDetector
from mmgt_core.types import UInt8Array

_SAME_PLACE = 0.6
"""How far a person's points may lie from where they were seen last, in sides of a square as large as the person. In
1/25 s nobody moves as far; who returns from beyond the border returns close to where they left; beside is farther."""


class OncePerPicture:
    """`WholeBodyDetector` on another one that is not asked again about a picture equal to the one before."""

    def __init__(self, detector: WholeBodyDetector) -> None:
        self._detector = detector
        self._picture: UInt8Array | None = None
        self._people: list[DetectedPerson] = []

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the people in it, the largest first; none is an empty list."""
        if self._picture is None or not (image is self._picture or np.array_equal(image, self._picture)):
            self._picture, self._people = image, self._detector.detect(image)
        return self._people


@dataclass(frozen=True)
class Followed:
    """The person whom a film is about, frame by frame, None where they are not seen; others: how many frames show more
    people than one, or somebody else.
    """

    people: tuple[DetectedPerson | None, ...]
    num_frames_with_others: int


def follow(frames: Sequence[Sequence[DetectedPerson]]) -> Followed:
    """Follow each person from frame to frame, and choose who is seen longest and largest, with a face before without.

    Nobody stands for somebody else: who is first seen elsewhere is another person.

    Args:
        frames: the people in each, in any order.
    """
    tracks: list[dict[int, DetectedPerson]] = []
    for index, people in enumerate(frames):
        for track, person in _matches(tracks, people):
            track[index] = person
    if not tracks:
        return Followed((None,) * len(frames), 0)
    chosen = max(tracks, key=_weight)
    others = sum(len(people) > (index in chosen) for index, people in enumerate(frames))
    return Followed(tuple(chosen.get(index) for index in range(len(frames))), others)


def _matches(
    tracks: list[dict[int, DetectedPerson]], people: Sequence[DetectedPerson]
) -> list[tuple[dict[int, DetectedPerson], DetectedPerson]]:
    """Each person with the track that ends closest by, the closest pair first; who is near none begins a new one."""
    pairs = [
        (distance, t, p)
        for t, track in enumerate(tracks)
        for p, person in enumerate(people)
        if (distance := _distance(next(reversed(track.values())), person)) < _SAME_PLACE
    ]
    track_of: dict[int, int] = {}
    for _, t, p in sorted(pairs):
        if p not in track_of and t not in track_of.values():
            track_of[p] = t
    for p in range(len(people)):
        if p not in track_of:
            track_of[p] = len(tracks)
            tracks.append({})
    return [(tracks[track_of[p]], person) for p, person in enumerate(people)]


def _distance(one: DetectedPerson, other: DetectedPerson) -> float:
    """How far most of two people's common points lie apart, in sides of a square as large as they are."""
    side = np.sqrt((one.area + other.area) / 2)
    common = (one.keypoints[:, 2] > VISIBLE) & (other.keypoints[:, 2] > VISIBLE)
    if not common.any() or side == 0:
        return float("inf")
    apart = np.linalg.norm(one.keypoints[common, :2] - other.keypoints[common, :2], axis=1)
    return float(np.median(apart) / side)


def _weight(track: dict[int, DetectedPerson]) -> tuple[float, float]:
    people = track.values()
    return sum(person.area for person in people if person.has_face), sum(person.area for person in people)

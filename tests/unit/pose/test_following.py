from dataclasses import dataclass, field

import numpy as np
import pytest

from mmgt_core.keypoints import FACE, NUM_KEYPOINTS
from mmgt_core.pose.detector import DetectedPerson
from mmgt_core.pose.following import OncePerPicture, follow
from mmgt_core.types import UInt8Array


def person(x: float, side: float = 100.0, *, has_face: bool = True, seed: int = 0) -> DetectedPerson:
    """Points spread over a square around x."""
    spread = np.random.default_rng(seed).uniform(-0.5, 0.5, (NUM_KEYPOINTS, 2)) * side + (x, 300)
    keypoints = np.concatenate([spread, np.ones((NUM_KEYPOINTS, 1))], axis=1).astype(np.float32)
    keypoints[FACE, 2] = float(has_face)
    return DetectedPerson(keypoints, (x - side / 2, 300 - side / 2, x + side / 2, 300 + side / 2), 0.9)


def places(people: tuple[DetectedPerson | None, ...]) -> list[float | None]:
    return [None if each is None else (each.box[0] + each.box[2]) / 2 for each in people]


def test_the_same_person_is_followed_when_the_other_is_larger_for_a_while():
    frames = [[person(200 + i, 100), person(420, 120 if 4 <= i < 7 else 80)] for i in range(20)]

    followed = follow([sorted(each, key=lambda one: -one.area) for each in frames])

    assert places(followed.people) == [200 + i for i in range(20)]
    assert followed.num_frames_with_others == 20


@pytest.mark.parametrize("is_away", [range(3), range(8, 14), range(17, 20)])
def test_a_frame_without_the_person_is_not_filled_by_another(is_away):
    frames = [[person(420, 80)] if i in is_away else [person(200, 120), person(420, 80)] for i in range(20)]

    followed = follow(frames)

    assert places(followed.people) == [None if i in is_away else 200 for i in range(20)]


def test_somebody_who_comes_after_the_person_has_left_is_another():
    frames = [[person(200)] for _ in range(12)] + [[person(500)] for _ in range(8)]

    followed = follow(frames)

    assert places(followed.people) == [200] * 12 + [None] * 8
    assert followed.num_frames_with_others == 8


def test_people_who_walk_past_one_another_are_not_exchanged():
    frames = [[person(100 + 8 * i, 100, seed=1), person(500 - 8 * i, 110, seed=2)] for i in range(50)]

    followed = follow(frames)

    assert places(followed.people) == [500 - 8 * i for i in range(50)]


def test_one_person_who_moves_across_the_picture_is_followed_throughout():
    frames = [[person(100 + 25 * i, 100 + 3 * i)] for i in range(30)]

    followed = follow(frames)

    assert None not in followed.people
    assert followed.num_frames_with_others == 0


def test_a_person_whose_face_is_seen_comes_before_a_larger_one_whose_is_not():
    followed = follow([[person(400, 150, has_face=False), person(100, 60)]] * 10)

    assert places(followed.people) == [100] * 10


def test_nobody_is_nobody_in_every_frame():
    assert follow([[], []]).people == (None, None)


@dataclass
class Counting:
    asked: list[UInt8Array] = field(default_factory=list)

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        self.asked.append(image)
        return [person(float(image.mean()))]


def test_a_picture_equal_to_the_one_before_is_not_looked_at_again():
    detector = Counting()
    once = OncePerPicture(detector)
    one, other = np.full((8, 8, 3), 10, np.uint8), np.full((8, 8, 3), 20, np.uint8)

    found = [once.detect(image) for image in (one, one, one.copy(), other, other.copy(), one)]

    assert len(detector.asked) == 3
    assert [people[0].box for people in found] == [person(level).box for level in (10, 10, 10, 20, 20, 10)]

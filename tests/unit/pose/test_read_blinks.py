"""Blinks of filmed people: what the eye's network reads, and how readings become lids that shut."""

import numpy as np
import pytest

from mmgt_core.pose.eye_network import EyeNetwork, seeing_eyelids
from mmgt_core.pose.eyelids import EYES, blinks, eye_opening
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.pose.read_blinks import read_closure, with_read_blinks
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, synthetic_clip
from tests.unit.pose.photographs import photograph
from tests.unit.pose.shut_eyes import with_lids_drawn_down

PHOTOGRAPHS = ("portrait.png", "official_portrait.jpg", "naval_officer.jpg")


def readings(shut: float, *starts: int, length: int = 5, usual: float = 0.3) -> list[float]:
    """Of 100 frames: a little noise, and blinks down to a part of what the eyes usually read."""
    openness = 1 + np.random.default_rng(0).normal(0, 0.02, 100)
    for start in starts:
        openness[start : start + length] = [0.75, *[shut] * (length - 2), 0.75]
    return (usual * openness).tolist()


@pytest.mark.parametrize("shut", [0.33, 0.45, 0.57])
def test_shut_eyes_are_shut_however_open_the_network_reads_this_persons(shut: float) -> None:
    closure = read_closure(readings(shut, 20, 60))

    assert (closure[[21, 22, 23, 61, 62, 63]] > 0.95).all()
    assert (closure[[20, 24]] > 0).all()
    assert not np.delete(closure, [*range(20, 25), *range(60, 65)]).any()


def test_eyes_that_do_not_blink_stay_as_the_detector_found_them() -> None:
    poses = np.repeat(synthetic_clip(FIRST_HELD_OUT_SEED, 1).pose_sequence.keypoints[:1], 100, axis=0)

    assert with_read_blinks(poses, readings(0.4)) is poses
    assert with_read_blinks(poses, [None] * 100) is poses


def test_one_frame_alone_is_a_misreading_and_a_long_look_down_is_no_blink() -> None:
    assert not read_closure(readings(0.4, 50, length=3)).any()  # one frame below
    assert not read_closure(readings(0.5, 50, length=30)).any()


def test_frames_in_which_the_eyes_were_not_seen_are_no_blinks() -> None:
    seen: list[float | None] = [*readings(0.4, 50)]
    unseen = [None if 10 <= index < 20 else opening for index, opening in enumerate(seen)]

    assert np.array_equal(read_closure(unseen) > 0, read_closure(seen) > 0)


def test_the_lids_of_the_poses_shut_where_blinks_were_read_and_nothing_else_moves() -> None:
    poses = np.repeat(synthetic_clip(FIRST_HELD_OUT_SEED, 1).pose_sequence.keypoints[:1], 100, axis=0)

    read = with_read_blinks(poses, readings(0.4, 50))

    assert [list(blink) for blink in blinks(eye_opening(read) / eye_opening(poses)[0])] == [[51, 52, 53]]
    is_lid = np.zeros(134, bool)
    is_lid[[point for eye in EYES for point in range(eye.start, eye.stop)]] = True
    assert np.array_equal(read[:, ~is_lid], poses[:, ~is_lid])


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_shut_eyes_of_a_photograph_read_as_shut_where_the_face_mesh_sees_them_open(name: str) -> None:
    image, detector = photograph(name), seeing_eyelids(LandmarkDetector())
    keypoints = detector.detect(image)[0].keypoints
    pictures = [with_lids_drawn_down(image, keypoints, amount) for amount in (0.0, 0.5, 1.0)]
    seen = [detector.detect(picture)[0] for picture in pictures]

    by_mesh = eye_opening(np.stack([person.keypoints for person in seen]))
    by_network = np.array([person.eye_opening for person in seen], np.float64)

    assert by_mesh[2] > 0.6 * by_mesh[0]  # 0.65 to 0.80: why it is not asked
    assert by_network[2] < 0.6 * by_network[0]  # 0.26 to 0.51
    assert by_network[2] < by_network[1] < by_network[0]


def test_a_persons_eyes_that_are_not_seen_are_not_read() -> None:
    image = photograph("portrait.png")
    keypoints = LandmarkDetector().detect(image)[0].keypoints.copy()
    keypoints[EYES[1], 2] = 0

    assert EyeNetwork().opening(image, keypoints) is None

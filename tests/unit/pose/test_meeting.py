"""Laws of beginnings and ends: a sequence begins at a given pose, and a loop's end leads into its beginning."""

from collections.abc import Iterator

import numpy as np
import pytest

from mmgt_core.keypoints import ARMS, FACE, LIPS, Float32Array, without_legs
from mmgt_core.pose.meeting import looping, starting_at
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.types import FPS, PoseSequence

SEEDS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 4)
UPPER = [index for index in range(134) if index not in (9, 10, 12, 13) and not 18 <= index < 24]
BONES = [(arm[joint], arm[joint + 1]) for arm in ARMS for joint in (0, 1)]


@pytest.fixture(scope="module")
def clips() -> list[Float32Array]:
    """In the middle of a gesture at both ends."""
    return [synthetic_clip(seed, 6).pose_sequence.keypoints[40:125].copy() for seed in SEEDS]


def in_parts(keypoints: Float32Array, size: int = 17) -> Iterator[PoseSequence]:
    return (PoseSequence(keypoints[start : start + size]) for start in range(0, len(keypoints), size))


def joined(parts: Iterator[PoseSequence]) -> Float32Array:
    return np.concatenate([part.keypoints for part in parts])


def steps(keypoints: Float32Array) -> Float32Array:
    """(F - 1,): the farthest that any point goes from frame to frame, px."""
    return np.linalg.norm(np.diff(keypoints[:, UPPER, :2], axis=0), axis=-1).max(axis=1)


def turns(keypoints: Float32Array) -> Float32Array:
    """(F - 2,): by how much the speed of wrists and nose changes from frame to frame, px."""
    return np.linalg.norm(np.diff(keypoints[:, [0, 4, 7], :2], n=2, axis=0), axis=-1).mean(axis=1)


def lengths(keypoints: Float32Array) -> Float32Array:
    return np.stack([np.linalg.norm(keypoints[:, a, :2] - keypoints[:, b, :2], axis=1) for a, b in BONES], axis=1)


def test_a_loop_jumps_at_its_seam_no_farther_than_inside_in_place_nor_in_speed(clips: list[Float32Array]) -> None:
    for own in clips:
        made = joined(looping(in_parts(own)))

        twice = np.concatenate([made, made])
        assert made.shape == own.shape
        assert steps(twice)[len(made) - 1] <= steps(made).max()
        at_seam = turns(twice)[len(made) - 2 : len(made)]
        assert at_seam.max() <= np.median(turns(own[:-FPS])) + np.percentile(turns(own[:-FPS]), 75)
        assert steps(np.concatenate([own, own]))[len(own) - 1] > 2 * steps(twice)[len(made) - 1]


def test_only_the_last_second_of_a_loop_is_bent(clips: list[Float32Array]) -> None:
    made = joined(looping(in_parts(clips[0])))

    assert np.array_equal(made[:-FPS], clips[0][:-FPS])


def test_the_first_pose_is_the_given_one_and_after_a_second_they_are_their_own(clips: list[Float32Array]) -> None:
    portrait = synthetic_clip(SEEDS[0], 6).pose_sequence.keypoints[0]
    for own in clips:
        made = joined(starting_at(in_parts(own), portrait))

        assert np.abs(made[0, UPPER, :2] - portrait[UPPER, :2]).max() < 0.01
        assert np.array_equal(made[FPS:], own[FPS:])
        assert steps(made).max() <= max(steps(own).max(), np.abs(own[0] - portrait)[UPPER, :2].max() / 5)


def test_arms_are_as_long_on_the_way_as_they_are_at_its_ends(clips: list[Float32Array]) -> None:
    portrait = synthetic_clip(3, 3).pose_sequence.keypoints[0]
    for own in clips:
        seen = np.concatenate([lengths(own), lengths(portrait[None])])
        for made in (joined(looping(in_parts(own))), joined(starting_at(in_parts(own), portrait))):
            assert (lengths(made) <= 1.05 * seen.max(axis=0)).all()
            assert (lengths(made) >= 0.95 * seen.min(axis=0)).all()


def test_lips_meet_too(clips: list[Float32Array]) -> None:
    for own in clips:
        made = joined(looping(in_parts(own)))

        shapes = [pose[LIPS, :2] - pose[FACE.start + 27, :2] for pose in (made[-1], made[0])]
        assert np.abs(shapes[0] - shapes[1]).max() < 1.5


@pytest.mark.parametrize("size", [1, 25, 26, 1000])
def test_the_parts_that_poses_come_in_do_not_matter(clips: list[Float32Array], size: int) -> None:
    own, portrait = clips[0], clips[1][0]

    assert np.array_equal(joined(looping(in_parts(own, size))), joined(looping(in_parts(own))))
    assert np.array_equal(
        joined(starting_at(in_parts(own, size), portrait)), joined(starting_at(in_parts(own), portrait))
    )


@pytest.mark.parametrize("num_frames", [1, 2, 3, 12, 25, 26])
def test_short_sequences_are_as_long_as_before_and_finite(clips: list[Float32Array], num_frames: int) -> None:
    own = without_legs(clips[0][:num_frames])

    for made in (joined(looping(in_parts(own, 2))), joined(starting_at(in_parts(own, 2), clips[1][0]))):
        assert made.shape == own.shape
        assert np.isfinite(made).all()

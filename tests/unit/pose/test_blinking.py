"""Blinks that generated poses get: how lids close, how often, and that none is doubled or cut off."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.blinking import with_blinks
from mmgt_core.pose.eyelids import EYES, blinks, eye_opening, usual_opening, with_lids
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, SyntheticClip, synthetic_clip
from mmgt_core.types import FPS, PoseSequence

MINUTES = 10
LID_POINTS = [eye.start + point for eye in EYES for point in (1, 2, 4, 5)]


@pytest.fixture(scope="module")
def clip() -> SyntheticClip:
    return synthetic_clip(FIRST_HELD_OUT_SEED, seconds=20)


@pytest.fixture(scope="module")
def portrait(clip: SyntheticClip) -> Float32Array:
    return clip.pose_sequence.keypoints[clip.reference_frame]


@pytest.fixture(scope="module")
def unblinking(portrait: Float32Array) -> Float32Array:
    """Poses of a face that moves about, its eyes open throughout: (F, 134, 3)."""
    places = 6 * np.sin(np.arange(MINUTES * 60 * FPS) / 20)
    poses = np.repeat(portrait[None], len(places), axis=0)
    poses[:, :, 0] += places[:, None].astype(np.float32)
    return poses


def in_parts(poses: Float32Array, size: int) -> Iterator[PoseSequence]:
    return (PoseSequence(poses[first : first + size]) for first in range(0, len(poses), size))


def blinking(poses: Float32Array, portrait: Float32Array, seed: int = 1, size: int = 40) -> Float32Array:
    return np.concatenate([part.keypoints for part in with_blinks(in_parts(poses, size), len(poses), portrait, seed)])


def seen_blinks(poses: Float32Array, portrait: Float32Array) -> list[range]:
    usual = usual_opening(portrait)
    assert usual is not None
    return blinks(eye_opening(poses) / usual)


def test_a_closed_lid_leaves_the_slit_that_drawn_presenters_have(clip: SyntheticClip, portrait: Float32Array) -> None:
    usual = usual_opening(portrait)
    assert usual is not None

    shut = with_lids(portrait[None], np.ones(1), usual)

    assert eye_opening(shut)[0] / usual == pytest.approx(0.07, abs=1e-4)
    assert eye_opening(shut)[0] == pytest.approx(eye_opening(clip.pose_sequence.keypoints).min(), rel=0.05)


def test_lids_go_with_the_face_however_it_lies(portrait: Float32Array) -> None:
    usual, turn = usual_opening(portrait), 1.3 * np.array([[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]])
    assert usual is not None
    turned = portrait.copy()
    turned[:, :2] = portrait[:, :2] @ turn.T + (40, -25)

    shut, shut_turned = (with_lids(pose[None], np.full(1, 0.7), usual)[0, :, :2] for pose in (portrait, turned))

    assert np.allclose(shut_turned, shut @ turn.T + (40, -25), atol=1e-2)


def test_an_eye_that_is_shut_further_stays_so(portrait: Float32Array) -> None:
    usual = usual_opening(portrait)
    assert usual is not None
    shut = with_lids(portrait[None], np.ones(1), usual)

    assert np.array_equal(with_lids(shut, np.full(1, 0.5), usual), shut)


def test_people_who_do_not_blink_by_themselves_blink_as_often_as_speakers_do(
    unblinking: Float32Array, portrait: Float32Array
) -> None:
    """Between 17 a minute at rest and 26 in conversation; drawn presenters 20."""
    found = [seen_blinks(blinking(unblinking, portrait, seed), portrait) for seed in range(3)]

    assert not seen_blinks(unblinking, portrait)
    assert all(17 <= len(blinks_of_seed) / MINUTES <= 26 for blinks_of_seed in found)
    assert {len(blink) for blinks_of_seed in found for blink in blinks_of_seed} <= {3, 4, 5, 6}
    gaps = [later.start - sooner.start for sooner, later in pairwise(found[0])]
    assert min(gaps) >= FPS
    assert np.std(gaps) > 0.25 * np.mean(gaps)  # no metronome


def test_only_lids_move_and_only_while_they_blink(unblinking: Float32Array, portrait: Float32Array) -> None:
    poses = unblinking[: 60 * FPS]

    changed = blinking(poses, portrait) != poses

    assert changed[:, LID_POINTS, :2].any()
    assert not np.delete(changed, LID_POINTS, axis=1).any()
    assert 0.05 < changed.any(axis=(1, 2)).mean() < 0.25


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_poses_in_other_parts_blink_alike(clip: SyntheticClip, portrait: Float32Array, size: int) -> None:
    poses = clip.pose_sequence.keypoints

    assert np.array_equal(blinking(poses, portrait, size=size), blinking(poses, portrait))


def test_another_seed_blinks_at_other_times_and_the_same_at_the_same(
    unblinking: Float32Array, portrait: Float32Array
) -> None:
    poses = unblinking[: 60 * FPS]

    first, again, other = (blinking(poses, portrait, seed) for seed in (1, 1, 2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_longer_video_begins_with_the_blinks_of_a_shorter_one(
    unblinking: Float32Array, portrait: Float32Array
) -> None:
    shorter, longer = (blinking(unblinking[: seconds * FPS], portrait) for seconds in (20, 60))

    certain = len(shorter) - FPS  # at its end a blink may not have been begun, because it would have been cut off
    assert np.array_equal(longer[:certain], shorter[:certain])


@pytest.mark.parametrize("seed", range(6))
def test_a_blink_that_is_there_is_kept_and_never_doubled(
    clip: SyntheticClip, portrait: Float32Array, seed: int
) -> None:
    poses = clip.pose_sequence.keypoints
    own = seen_blinks(poses, portrait)

    found = seen_blinks(blinking(poses, portrait, seed), portrait)

    assert len(own) >= 5
    assert [blink for blink in own if blink not in found] == []
    assert all(later.start - sooner.stop >= 10 for sooner, later in pairwise(found))


@pytest.mark.parametrize("num_frames", [1, 5, 30, 31, 47, 60, 75])
def test_no_video_ends_within_a_blink_of_ours(
    unblinking: Float32Array, portrait: Float32Array, num_frames: int
) -> None:
    ends = [blinking(unblinking[:num_frames], portrait, seed) for seed in range(40)]

    assert all(np.array_equal(poses[-1], unblinking[num_frames - 1]) for poses in ends)
    assert num_frames < 30 or any(seen_blinks(poses, portrait) for poses in ends)


def test_a_part_leaves_before_the_end_is_known(unblinking: Float32Array, portrait: Float32Array) -> None:
    taken: list[int] = []
    parts = in_parts(unblinking, 40)
    stream = with_blinks((taken.append(len(part)) or part for part in parts), len(unblinking), portrait, 1)

    first = next(stream)

    assert (taken, len(first)) == ([40], 20)


def test_a_portrait_that_shows_no_open_eyes_gives_no_measure_and_nothing_is_changed(
    unblinking: Float32Array, portrait: Float32Array
) -> None:
    usual, poses = usual_opening(portrait), unblinking[: 60 * FPS]
    assert usual is not None
    asleep = with_lids(portrait[None], np.ones(1), usual)[0]
    unseen = portrait.copy()
    unseen[EYES[0], 2] = 0

    assert all(np.array_equal(blinking(poses, pose), poses) for pose in (asleep, unseen))

"""Laws of hands that cannot be: they are found, mended from their neighbours in time, and counted; all others stay."""

import numpy as np
import pytest

from mmgt_core.keypoints import FACE, LEFT_HAND, RIGHT_HAND, Float32Array
from mmgt_core.pose.mended_hands import HandSize, is_impossible, with_mended_hands
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.types import PoseSequence

SEEDS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 4)
RIGHT_WRIST = 4
KNUCKLE, TIP = RIGHT_HAND.start + 9, RIGHT_HAND.start + 12
"""Of the middle finger."""


@pytest.fixture(scope="module")
def clips() -> list[Float32Array]:
    return [synthetic_clip(seed, 5).pose_sequence.keypoints for seed in SEEDS]


def mended(keypoints: Float32Array, portrait: Float32Array, size: int = 17) -> tuple[Float32Array, int]:
    told = [0]
    parts = (PoseSequence(keypoints[start : start + size]) for start in range(0, len(keypoints), size))
    made = [part.keypoints for part in with_mended_hands(parts, portrait, told.append)]
    assert told == sorted(set(told))
    return np.concatenate(made), told[-1]


def from_wrist(keypoints: Float32Array) -> Float32Array:
    return keypoints[:, RIGHT_HAND, :2] - keypoints[:, [RIGHT_WRIST], :2]


def spoiled(keypoints: Float32Array, frames: slice) -> Float32Array:
    """A middle finger pulled out to twice its hand."""
    wrong = keypoints.copy()
    wrong[frames, TIP, :2] += 2.5 * (wrong[frames, TIP, :2] - wrong[frames, RIGHT_WRIST, :2]) + 40
    return wrong


def larger(keypoints: Float32Array, times: float) -> Float32Array:
    """The same right hand, larger about its wrist."""
    made = keypoints.copy()
    made[:, RIGHT_HAND, :2] = made[:, [RIGHT_WRIST], :2] + times * from_wrist(made)
    return made


def test_hands_of_presenters_stay_as_they_are(clips: list[Float32Array]) -> None:
    for own in clips:
        made, count = mended(own, own[0])

        assert count == 0
        assert np.array_equal(made, own)


@pytest.mark.parametrize("frames", [slice(50, 51), slice(50, 56)])
def test_a_hand_that_cannot_be_takes_the_shapes_between_its_neighbours(
    clips: list[Float32Array], frames: slice
) -> None:
    for own in clips:
        made, count = mended(spoiled(own, frames), own[0])

        shapes, num_steps = from_wrist(made), frames.stop - frames.start + 1
        steps = np.linspace(0, 1, num_steps + 1)[1:-1, None, None]
        before, after = shapes[frames.start - 1], shapes[frames.stop]
        assert count == frames.stop - frames.start
        assert np.allclose(shapes[frames], before + steps * (after - before), atol=1e-3)
        others = np.delete(np.arange(len(own)), np.arange(frames.start, frames.stop))
        assert np.array_equal(made[others], own[others])
        assert np.array_equal(np.delete(made, range(*RIGHT_HAND.indices(134)), 1), np.delete(own, range(113, 134), 1))


@pytest.mark.parametrize("size", [1, 12, 13, 1000])
def test_the_parts_that_poses_come_in_do_not_matter(clips: list[Float32Array], size: int) -> None:
    wrong = spoiled(spoiled(clips[0], slice(20, 24)), slice(40, 70))

    made, count = mended(wrong, clips[0][0], size)

    assert np.array_equal(made, mended(wrong, clips[0][0])[0])
    assert count == 34


def test_a_hand_that_cannot_be_for_long_keeps_its_last_shape_and_leads_to_the_next_in_half_a_second(
    clips: list[Float32Array],
) -> None:
    made, _ = mended(spoiled(clips[0], slice(40, 80)), clips[0][0])

    shapes = from_wrist(made)
    assert np.allclose(shapes[40:68], shapes[39], atol=1e-3)
    steps = np.diff(shapes[67:81], axis=0)
    assert np.allclose(steps, steps.mean(axis=0), atol=1e-3)
    assert np.abs(steps).max() > 0.05


def test_a_hand_that_cannot_be_at_first_begins_as_the_first_that_can_and_at_last_it_ends_so(
    clips: list[Float32Array],
) -> None:
    own, num_frames = clips[0], len(clips[0])

    made, count = mended(spoiled(spoiled(own, slice(0, 5)), slice(num_frames - 4, num_frames)), own[0])

    assert count == 9
    assert np.allclose(from_wrist(made)[:5], from_wrist(own)[5], atol=1e-3)
    assert np.allclose(from_wrist(made)[-4:], from_wrist(own)[-5], atol=1e-3)


def test_where_no_hand_can_be_nothing_is_changed_or_counted(clips: list[Float32Array]) -> None:
    wrong = spoiled(clips[0], slice(None))

    made, count = mended(wrong, clips[0][0])

    assert np.array_equal(made, wrong)
    assert count == 0


def test_frames_wait_only_for_a_hand_that_cannot_be_and_for_half_a_second_at_most(clips: list[Float32Array]) -> None:
    wrong, told = spoiled(clips[0], slice(30, len(clips[0]))), []
    parts = (PoseSequence(wrong[frame : frame + 1]) for frame in range(len(wrong)))

    counted = (told.append(len(part)) or part for part in parts)
    arrived = [len(told) for _ in with_mended_hands(counted, clips[0][0], lambda count: None)]

    assert arrived[:30] == list(range(1, 31))
    assert arrived[30:40] == list(range(43, 53))


def test_unseen_hands_are_neither_mended_nor_an_example(clips: list[Float32Array]) -> None:
    own, wrong = clips[0], spoiled(clips[0], slice(40, 60))
    wrong[50:60, RIGHT_HAND, 2] = 0
    wrong[60:64, RIGHT_HAND, :2] = 0
    wrong[60:64, RIGHT_HAND, 2] = 0

    made, count = mended(wrong, own[0])

    assert count == 10
    assert np.array_equal(made[50:], wrong[50:])
    assert np.allclose(from_wrist(made)[40:50], from_wrist(own)[39], atol=1e-3)


@pytest.mark.parametrize(("share", "degrees", "expected"), [(1, 100, False), (1, 150, True), (0.85, 170, False)])
def test_a_joint_bends_as_far_as_fingers_do_and_what_is_foreshortened_may_look_further(
    clips: list[Float32Array], share: float, degrees: float, expected: bool
) -> None:
    own = clips[0]
    size = HandSize.of(own[0])
    hand = own[[0], RIGHT_HAND].copy()
    directions = np.exp(1j * np.deg2rad([0, degrees, degrees]))  # of the middle finger's bones
    steps = np.cumsum(share * size.lengths[9:12] * directions)
    hand[0, 10:13, :2] = hand[0, 9, :2] + np.stack([steps.real, steps.imag], axis=1)

    assert is_impossible(hand, size).tolist() == [expected]


def test_a_whole_hand_may_come_nearer_to_the_camera_but_not_grow_without_end(clips: list[Float32Array]) -> None:
    own = clips[0]
    palm = np.linalg.norm(own[0, RIGHT_HAND][9, :2] - own[0, RIGHT_HAND][0, :2])
    by_face = float(np.ptp(own[0, FACE, 1])) / palm
    size = HandSize.of(own[0])

    assert not is_impossible(larger(own, by_face)[:, RIGHT_HAND], size).any()
    assert is_impossible(larger(own, 3 * by_face)[:, RIGHT_HAND], size)[:10].all()


def test_a_portraits_own_long_finger_is_no_fault_and_without_hands_its_face_tells(clips: list[Float32Array]) -> None:
    own = clips[0]
    long = own.copy()
    long[:, TIP, :2] += 0.6 * (long[:, TIP, :2] - long[:, KNUCKLE, :2])
    unseen = own[0].copy()
    unseen[LEFT_HAND, 2] = unseen[RIGHT_HAND, 2] = 0

    for portrait, expected in ((own[0], 1.0), (long[0], 0.0)):
        assert is_impossible(long[:10, RIGHT_HAND], HandSize.of(portrait)).mean() == expected
    palm = HandSize.of(unseen).lengths[8]
    assert palm == pytest.approx(0.7 * np.ptp(unseen[FACE, 1]))
    assert mended(own, unseen)[1] == 0
    assert mended(spoiled(own, slice(50, 52)), unseen)[1] == 2

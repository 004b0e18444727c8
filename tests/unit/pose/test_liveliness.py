"""Laws of livelier and calmer poses: gestures and heads move by so much, nobody is stretched, lips and blinks stay."""

from collections.abc import Iterator

import numpy as np
import pytest

from mmgt_core.keypoints import ARMS, FACE, LEFT_HAND, LIPS, NECK, NOSE, RIGHT_HAND, Float32Array
from mmgt_core.pose.eyelids import eye_opening
from mmgt_core.pose.liveliness import with_liveliness
from mmgt_core.pose_sampling import PoseWishes
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.types import PoseSequence

SEEDS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 4)
SECONDS, PART = 8, 40
HANDS = [*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)]
BROWS_AND_NOSE = [NOSE, *range(FACE.start + 17, FACE.start + 36)]
BONES = [(arm[joint], arm[joint + 1]) for arm in ARMS for joint in (0, 1)]


@pytest.fixture(scope="module")
def clips() -> list[Float32Array]:
    return [synthetic_clip(seed, SECONDS).pose_sequence.keypoints for seed in SEEDS]


def in_parts(keypoints: Float32Array, size: int = PART) -> Iterator[PoseSequence]:
    return (PoseSequence(keypoints[start : start + size]) for start in range(0, len(keypoints), size))


def lively(keypoints: Float32Array, size: int = PART, **asked: float) -> Float32Array:
    parts = with_liveliness(in_parts(keypoints, size), PoseWishes(**asked))
    return np.concatenate([part.keypoints for part in parts])


def motion(places: Float32Array) -> float:
    return float(np.linalg.norm(np.diff(places[..., :2], axis=0), axis=-1).mean())


def lengths(keypoints: Float32Array) -> Float32Array:
    """(F, 4) of upper arms and forearms."""
    return np.stack([np.linalg.norm(keypoints[:, a, :2] - keypoints[:, b, :2], axis=1) for a, b in BONES], axis=1)


@pytest.mark.parametrize(("strength", "least", "most"), [(0, 0, 0.02), (0.5, 0.425, 0.575), (1.5, 1.275, 1.725)])
def test_hands_move_by_so_much_and_arms_keep_their_lengths(
    clips: list[Float32Array], strength: float, least: float, most: float
) -> None:
    for own in clips:
        made = lively(own, gesture_strength=strength)

        assert least <= motion(made[:, HANDS]) / motion(own[:, HANDS]) <= most
        assert np.abs(lengths(made).mean(axis=0) / lengths(own).mean(axis=0) - 1).max() < 0.02
        assert (lengths(made) <= lengths(own).max(axis=0) + 0.01).all()


@pytest.mark.parametrize("strength", [0, 0.5, 1.5])
def test_a_head_moves_by_so_much_from_the_neck_and_hands_stay(clips: list[Float32Array], strength: float) -> None:
    for own in clips:
        made = lively(own, head_strength=strength)

        from_neck = [keypoints[:, BROWS_AND_NOSE] - keypoints[:, [NECK]] for keypoints in (made, own)]
        assert abs(motion(from_neck[0]) / motion(from_neck[1]) - strength) < 0.02
        assert np.array_equal(made[:, HANDS], own[:, HANDS])


@pytest.mark.parametrize("asked", [{"gesture_strength": 0.0, "head_strength": 0.0}, {"smoothing": 1.0}])
def test_lips_and_blinks_stay_their_own(clips: list[Float32Array], asked: dict[str, float]) -> None:
    for own in clips:
        made = lively(own, **asked)

        gaps = [keypoints[:, LIPS.start + 18, 1] - keypoints[:, LIPS.start + 14, 1] for keypoints in (made, own)]
        assert np.corrcoef(*gaps)[0, 1] > 0.995
        assert np.abs(eye_opening(made) - eye_opening(own)).max() < 1e-4


def test_lips_and_eyes_stay_on_the_head(clips: list[Float32Array]) -> None:
    parts = [[*range(LIPS.start, LIPS.stop)], [*range(FACE.start + 36, FACE.start + 48)], [FACE.start + 8]]
    for own in clips:
        made = lively(own, head_strength=0.0)

        for part in parts:
            from_nose = [each[:, part, :2].mean(axis=1) - each[:, FACE.start + 30, :2] for each in (made, own)]
            assert np.abs(from_nose[0] - from_nose[1]).max() < 10  # a tilt turns the chin about the nose
        assert motion(own[:, BROWS_AND_NOSE] - made[:, BROWS_AND_NOSE]) > 0.1


def test_the_mean_runs_slowly_on_after_its_first_ten_seconds(clips: list[Float32Array]) -> None:
    for clip in clips:
        own = np.concatenate([clip, clip[::-1], clip])

        made = lively(own, gesture_strength=0.0)

        assert motion(made[300:, HANDS]) < 0.02 * motion(own[300:, HANDS])


def test_smoothing_steadies_hands_the_more_the_larger_it_is(clips: list[Float32Array]) -> None:
    def shaking(keypoints: Float32Array) -> float:
        return motion(np.diff(keypoints[:, HANDS, :2], axis=0))

    for own in clips:
        by_smoothing = [shaking(lively(own, smoothing=smoothing)) for smoothing in (0, 0.2, 0.5, 1)]

        assert by_smoothing == sorted(by_smoothing, reverse=True)
        assert by_smoothing[0] == shaking(own)
        assert by_smoothing[-1] < 0.2 * by_smoothing[0]


@pytest.mark.parametrize("size", [1, 7, 80, 1000])
@pytest.mark.parametrize("asked", [{"gesture_strength": 0.3, "head_strength": 1.2}, {"smoothing": 0.7}])
def test_the_parts_that_poses_come_in_do_not_matter(
    clips: list[Float32Array], asked: dict[str, float], size: int
) -> None:
    long = np.concatenate(clips[:2])

    assert np.allclose(lively(long, size, **asked), lively(long, PART, **asked), atol=2e-3)


def test_strengths_of_1_and_no_smoothing_change_no_bit(clips: list[Float32Array]) -> None:
    assert np.array_equal(lively(clips[0]), clips[0])


def test_an_arm_that_is_not_seen_stays_where_it_was(clips: list[Float32Array]) -> None:
    _, elbow, wrist, hand = ARMS[0]
    own = clips[0].copy()
    own[40:90, [elbow, wrist], 2] = 0

    made = lively(own, gesture_strength=0.0)

    assert np.array_equal(made[40:90, elbow], own[40:90, elbow])
    assert np.array_equal(made[40:90, hand], own[40:90, hand])
    assert np.isfinite(made).all()
    assert motion(made[100:, hand]) < 0.02 * motion(own[100:, hand])


def test_an_arm_that_is_never_seen_and_a_single_frame_are_no_trouble(clips: list[Float32Array]) -> None:
    own = clips[0][:1].copy()
    own[:, [ARMS[1][1], ARMS[1][2]], 2] = 0

    made = lively(own, gesture_strength=0.5, head_strength=0, smoothing=1)

    assert np.allclose(made, own, atol=1e-3)


def test_poses_leave_while_later_ones_are_still_to_be_made(clips: list[Float32Array]) -> None:
    long = np.concatenate([clips[0]] * 5)
    taken = 0

    def counted() -> Iterator[PoseSequence]:
        nonlocal taken
        for part in in_parts(long):
            taken += len(part)
            yield part

    first = next(with_liveliness(counted(), PoseWishes(0.5, 0.5, 1.0)))

    assert len(first) > 0
    assert taken <= 320


@pytest.mark.parametrize("name", ["gesture_strength", "head_strength", "smoothing"])
@pytest.mark.parametrize("value", [-0.1, 1.6])
def test_a_number_outside_its_range_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; it must be 0 to 1"):
        PoseWishes(**{name: value})

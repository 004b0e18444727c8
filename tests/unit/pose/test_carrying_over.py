"""Laws of motion carried over to another person: theirs in size and place, their own face, nothing that is not seen."""

from collections.abc import Iterator

import numpy as np
import pytest

from mmgt_core.keypoints import FACE, LEFT_HAND, LEGS, LIPS, RIGHT_HAND, Float32Array
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.pose.carrying_over import carried_over, is_figure
from mmgt_core.pose.eyelids import EYES, eye_opening
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, SyntheticClip, synthetic_clip
from mmgt_core.synthetic.rest import resting_presenter
from mmgt_core.types import PoseSequence

HIPS = [8, 11]
RIGHT_ARM = [3, 4, *range(RIGHT_HAND.start, RIGHT_HAND.stop)]
LEFT_ARM = [6, 7, *range(LEFT_HAND.start, LEFT_HAND.stop)]
INNER_UPPER, INNER_LOWER = [LIPS.start + 13, LIPS.start + 14, LIPS.start + 15], [LIPS.start + at for at in (19, 18, 17)]


@pytest.fixture(scope="module")
def clip() -> SyntheticClip:
    return synthetic_clip(FIRST_HELD_OUT_SEED + 3, seconds=5)


def figure_of(clip: SyntheticClip) -> Float32Array:
    return clip.pose_sequence.keypoints[clip.reference_frame]


def carried(clip: SyntheticClip, person: Float32Array, size: int = 40) -> Float32Array:
    poses = clip.pose_sequence.keypoints
    parts: Iterator[PoseSequence] = (PoseSequence(poses[at : at + size]) for at in range(0, len(poses), size))
    made = [part.keypoints for part in carried_over(parts, figure_of(clip), person)]
    return np.asarray(np.concatenate(made))


def placed(keypoints: Float32Array, scale: float, right: float, down: float) -> Float32Array:
    """The same figure of another size, elsewhere."""
    elsewhere = keypoints.copy()
    elsewhere[..., :2] = scale * keypoints[..., :2] + np.array((right, down), np.float32)
    return elsewhere


def test_carried_over_to_the_figure_itself_it_is_the_same_motion(clip: SyntheticClip) -> None:
    poses = carried(clip, figure_of(clip))

    moving = [point for point in range(134) if point not in (*HIPS, *LEGS)]
    assert np.abs(poses[:, moving] - clip.pose_sequence.keypoints[:, moving]).max() < 1e-3
    assert np.array_equal(poses[:, HIPS], np.broadcast_to(figure_of(clip)[HIPS], poses[:, HIPS].shape))


def test_it_takes_the_size_and_the_place_of_the_person(clip: SyntheticClip) -> None:
    poses = carried(clip, placed(figure_of(clip), 0.7, 60, 90))

    moving = [point for point in range(134) if point not in (*HIPS, *LEGS)]
    assert np.abs(poses[:, moving] - placed(clip.pose_sequence.keypoints, 0.7, 60, 90)[:, moving]).max() < 1e-2


def test_the_head_moves_in_the_size_of_the_face_and_the_body_in_that_of_the_shoulders(clip: SyntheticClip) -> None:
    person = figure_of(clip).copy()
    face = [0, 14, 15, 16, 17, *range(FACE.start, FACE.stop)]
    person[face, :2] = person[0, :2] + 1.5 * (person[face, :2] - person[0, :2])

    poses, own = carried(clip, person), clip.pose_sequence.keypoints

    assert np.abs((poses - person)[:, FACE, :2] - 1.5 * (own - figure_of(clip))[:, FACE, :2]).max() < 1e-2
    assert np.abs(poses[:, RIGHT_ARM] - own[:, RIGHT_ARM]).max() < 1e-2


def test_an_arm_without_a_hand_to_be_seen_stays_as_it_is(clip: SyntheticClip) -> None:
    person = figure_of(clip).copy()
    person[RIGHT_HAND, 2] = 0

    poses = carried(clip, person)

    from_neck = poses[:, RIGHT_ARM, :2] - poses[:, [1], :2]
    assert np.abs(from_neck - from_neck[0]).max() < 1e-3
    assert not poses[:, RIGHT_HAND, 2].any()
    assert np.abs(poses[:, LEFT_ARM] - clip.pose_sequence.keypoints[:, LEFT_ARM]).max() < 1e-3


def test_lips_that_smile_in_the_portrait_close_and_open_as_far_as_the_figures(clip: SyntheticClip) -> None:
    person = figure_of(clip).copy()
    person[INNER_UPPER, 1] -= 4
    person[INNER_LOWER, 1] += 6
    own = mouth_opening(clip.pose_sequence)

    opening = mouth_opening(PoseSequence(carried(clip, person)))

    assert own.max() > 10
    assert np.abs(opening - own).max() < 2  # the figure's own lips at rest lie a little apart
    assert opening.min() < 1


def test_narrow_eyes_shut_when_the_figures_do_and_their_lids_never_cross(clip: SyntheticClip) -> None:
    person = figure_of(clip).copy()
    for eye in EYES:
        middle = person[eye, 1].mean()
        person[eye, 1] = middle + 0.4 * (person[eye, 1] - middle)

    poses, own = carried(clip, person), clip.pose_sequence.keypoints

    openness = eye_opening(poses) / eye_opening(person[None])
    assert np.abs(openness - eye_opening(own) / eye_opening(figure_of(clip)[None])).max() < 0.1
    for eye in EYES:
        lower, upper = (poses[:, [eye.start + at for at in lid], 1].mean(axis=1) for lid in ((4, 5), (1, 2)))
        assert (lower - upper).min() > -0.2


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_same_motion_in_other_parts_is_carried_alike(clip: SyntheticClip, size: int) -> None:
    person = placed(figure_of(clip), 1.2, -40, 10)

    assert np.array_equal(carried(clip, person, size), carried(clip, person))


def test_every_presenter_is_the_figure_and_nobody_else_is() -> None:
    figure = resting_presenter()
    at_rest = [figure_of(synthetic_clip(seed, 1)) for seed in range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 8)]
    handless = at_rest[0].copy()
    handless[LEFT_HAND, 2] = 0

    assert all(is_figure(pose, figure) for pose in (figure, *at_rest))
    assert not is_figure(placed(at_rest[0], 1, 30, 0), figure)
    assert not is_figure(placed(at_rest[0], 0.8, 51, 51), figure)
    assert not is_figure(handless, figure)

"""Laws of what is measured of arms, hands and eyes: nothing is wrong with the truth."""

import numpy as np
import pytest

from mmgt_core.keypoints import CANVAS_SIZE, RIGHT_HAND, Float32Array
from mmgt_core.metrics.presenter_parts import FOREARMS, blink_numbers, boxes, hand_numbers, limb_numbers
from mmgt_core.pose.eyelids import EYES, SHUT, eye_opening, usual_opening
from mmgt_core.pose.face_motion import moved_along
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.types import UInt8Array

SIDE = 128


@pytest.fixture(scope="module")
def clip() -> SyntheticClip:
    """One who blinks."""
    return synthetic_clip(FIRST_HELD_OUT_SEED + 3, 5.0)


@pytest.fixture(scope="module")
def truth(clip: SyntheticClip) -> UInt8Array:
    return clip.render(range(len(clip.pose_sequence)), SIDE)


@pytest.fixture(scope="module")
def still(clip: SyntheticClip, truth: UInt8Array) -> UInt8Array:
    return np.repeat(truth[clip.reference_frame : clip.reference_frame + 1], len(truth), axis=0)


def test_the_truth_has_its_limbs_and_leaves_nothing_behind(
    clip: SyntheticClip, truth: UInt8Array, still: UInt8Array
) -> None:
    found = limb_numbers(clip, truth, still, truth)

    assert found["forearm_psnr_driven"] == found["hand_psnr_driven"] == 100
    assert found["residue_driven"] == 0


def test_a_still_portrait_is_no_better_than_itself(clip: SyntheticClip, truth: UInt8Array, still: UInt8Array) -> None:
    found = limb_numbers(clip, still, still, truth)

    assert found["forearm_psnr_driven"] == found["forearm_psnr_still"] < 25
    assert found["hand_psnr_driven"] == found["hand_psnr_still"] < 25
    assert found["residue_driven"] == found["residue_still"] > 10


def test_arms_that_stay_where_they_lay_are_seen_there_alone(
    clip: SyntheticClip, truth: UInt8Array, still: UInt8Array
) -> None:
    own = clip.pose_sequence.keypoints[clip.reference_frame]
    arms = boxes(own, FOREARMS, SIDE, 12)
    torn = np.where(arms[None, ..., None], still, truth)

    found = limb_numbers(clip, torn, still, truth)

    assert found["residue_driven"] > 0.3 * found["residue_still"]
    assert found["hand_psnr_driven"] > found["hand_psnr_still"] + 3


@pytest.fixture(scope="module")
def awake(clip: SyntheticClip) -> UInt8Array:
    """The same presenter, who never blinks."""
    poses = clip.pose_sequence.keypoints.copy()
    for pose in poses:
        for eye in EYES:
            pose[eye, :2] = moved_along(clip.pose_sequence.keypoints[clip.reference_frame], pose, eye)
    return draw_presenter(clip.identity, poses, SIDE)


def test_eyes_are_seen_shut_in_the_truth_and_never_where_nobody_blinks(
    clip: SyntheticClip, truth: UInt8Array, awake: UInt8Array
) -> None:
    assert blink_numbers(clip, truth, truth) == {"blink_recall": 1.0}
    assert blink_numbers(clip, awake, truth) == {"blink_recall": 0.0}


def test_half_of_the_blinks_are_half_of_the_share(clip: SyntheticClip, truth: UInt8Array, awake: UInt8Array) -> None:
    poses = clip.pose_sequence.keypoints
    shut = np.flatnonzero(eye_opening(poses) < SHUT * (usual_opening(poses[clip.reference_frame]) or 0))
    frames = truth.copy()
    frames[shut[::2]] = awake[shut[::2]]

    assert blink_numbers(clip, frames, truth)["blink_recall"] == pytest.approx(len(shut[1::2]) / len(shut))


def test_a_hand_that_floats_is_as_far_from_its_wrist_as_it_is_found(clip: SyntheticClip, truth: UInt8Array) -> None:
    floating = clip.pose_sequence.keypoints[0].copy()
    height = np.ptp(floating[floating[:, 2] >= 0.3, 1])
    floating[RIGHT_HAND, 0] -= 0.1 * height
    answers = iter([floating, clip.pose_sequence.keypoints[0]] * len(truth))

    def find(picture: UInt8Array) -> Float32Array | None:
        assert picture.shape == (CANVAS_SIZE, CANVAS_SIZE, 3)
        return next(answers)

    found = hand_numbers(truth[:1], truth[:1], find)

    assert found["hand_apart_driven"] > found["hand_apart_truth"] + 3
    assert hand_numbers(truth[:1], truth[:1], lambda picture: None) == {}

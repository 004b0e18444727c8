"""Laws of dubbing: the new mouth lies where the face is, however that moved, and nothing else is touched."""

import numpy as np
import pytest

from mmgt_core.keypoints import FACE, LIPS, NUM_KEYPOINTS, Float32Array
from mmgt_core.pose.dubbing import dubbed, with_mouth_of
from mmgt_core.pose.face_motion import JAW
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.types import PoseSequence

SPEAKING = np.r_[JAW, LIPS]
REST = np.delete(np.arange(NUM_KEYPOINTS), SPEAKING)
LEFT_BROW = slice(FACE.start + 17, FACE.start + 22)


@pytest.fixture(scope="module")
def clip() -> SyntheticClip:
    return synthetic_clip(3, 3.2)


def moved(keypoints: Float32Array, scale: float, degrees: float, x: float, y: float) -> Float32Array:
    """Every point turned and scaled about the origin, then shifted."""
    turned = scale * np.exp(1j * np.radians(degrees)) * (keypoints[..., 0] + 1j * keypoints[..., 1]) + x + 1j * y
    return np.stack([turned.real, turned.imag, keypoints[..., 2]], axis=-1).astype(np.float32)


def test_a_face_that_is_elsewhere_turned_and_larger_gets_the_mouth_there(clip: SyntheticClip) -> None:
    spoken = clip.pose_sequence.keypoints
    driving = moved(spoken, 1.3, 12, -60, 25)
    driving[:, SPEAKING, :2] += 40  # its own mouth, which must not matter

    found = with_mouth_of(driving, spoken)

    np.testing.assert_allclose(found, moved(spoken, 1.3, 12, -60, 25), atol=1e-3)


def test_all_but_lips_and_jaw_stays_bit_by_bit(clip: SyntheticClip) -> None:
    driving = synthetic_clip(4, 3.2).pose_sequence
    before = driving.keypoints.copy()

    (found,) = dubbed(driving, iter((clip.pose_sequence,)))

    np.testing.assert_array_equal(found.keypoints[:, REST], before[:, REST])
    np.testing.assert_array_equal(driving.keypoints, before)
    assert not np.array_equal(found.keypoints[:, SPEAKING], before[:, SPEAKING])


def test_parts_of_any_length_are_the_whole(clip: SyntheticClip) -> None:
    driving = synthetic_clip(4, 3.2).pose_sequence
    spoken = clip.pose_sequence.keypoints
    parts = (PoseSequence(spoken[:1]), PoseSequence(spoken[1:50]), PoseSequence(spoken[50:]))

    found = np.concatenate([part.keypoints for part in dubbed(driving, iter(parts))])

    np.testing.assert_array_equal(found, with_mouth_of(driving.keypoints, spoken))


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_brow_that_lies_elsewhere_does_not_take_the_mouth_along(clip: SyntheticClip, is_seen: bool) -> None:
    spoken = clip.pose_sequence.keypoints
    driving = moved(spoken, 1, 0, 30, 0)
    driving[:, LEFT_BROW, 1] -= 60
    driving[:, LEFT_BROW, 2] = is_seen

    found = with_mouth_of(driving, spoken)

    off = np.linalg.norm(found[:, SPEAKING, :2] - moved(spoken, 1, 0, 30, 0)[:, SPEAKING, :2], axis=-1)
    assert off.max() < 0.5  # by plain least squares: over 20 px


def test_blinks_do_not_move_the_mouth(clip: SyntheticClip) -> None:
    spoken = clip.pose_sequence.keypoints
    blinking = spoken.copy()
    for lid in (37, 38, 40, 41, 43, 44, 46, 47):
        blinking[:, FACE.start + lid, 1] += 4

    np.testing.assert_array_equal(
        with_mouth_of(blinking, spoken)[:, SPEAKING], with_mouth_of(spoken, spoken)[:, SPEAKING]
    )


@pytest.mark.parametrize("whose", ["driving", "spoken"])
def test_a_face_that_is_not_seen_keeps_the_mouth_that_it_has(clip: SyntheticClip, whose: str) -> None:
    driving, spoken = synthetic_clip(4, 3.2).pose_sequence.keypoints.copy(), clip.pose_sequence.keypoints.copy()
    (driving if whose == "driving" else spoken)[5:9, FACE, 2] = 0

    found = with_mouth_of(driving, spoken)

    np.testing.assert_array_equal(found[5:9], driving[5:9])
    assert not np.array_equal(found[4], driving[4])

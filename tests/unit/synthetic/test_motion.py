"""Laws of motion: the mouth says the phonemes, the hands move with the speech, every point is where it belongs."""

import numpy as np
import pytest

from mmgt_core.keypoints import CANVAS_SIZE, FACE, FEET, LEFT_HAND, LEGS, LIPS, RIGHT_HAND
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.synthetic.speech import Phoneme
from mmgt_core.synthetic.visemes import CLOSED_SYMBOLS, mouth_curves
from mmgt_core.types import FPS

RIGHT_WRIST, LEFT_WRIST = 4, 7


def openings_at(clips: list[SyntheticClip], symbols: frozenset[str], min_s: float) -> np.ndarray:
    """Mouth openings in the frames whose middle lies in the middle of such phonemes."""
    found = []
    for clip in clips:
        for phoneme in clip.phonemes:
            frame = int((phoneme.start_s + phoneme.end_s) / 2 * FPS)
            is_meant = phoneme.symbol.strip("ˈˌː") in symbols and phoneme.end_s - phoneme.start_s > min_s
            if is_meant and frame < len(clip.pose_sequence):
                found.append(clip.mouth_opening[frame])
    return np.array(found)


def test_lips_close_for_p_b_and_m(clips: list[SyntheticClip]) -> None:
    openings = openings_at(clips, CLOSED_SYMBOLS, min_s=0.04)

    assert len(openings) > 30
    assert np.quantile(openings, 0.95) < 3
    assert np.median(openings) < 1


def test_the_mouth_is_wide_open_in_a_long_a(clips: list[SyntheticClip]) -> None:
    openings = openings_at(clips, frozenset("aɑæ"), min_s=0.12)

    assert len(openings) > 10
    assert openings.min() > 15


def test_a_closure_shorter_than_a_frame_is_seen() -> None:
    phonemes = [Phoneme("a", 0.0, 0.41), Phoneme("b", 0.41, 0.43), Phoneme("a", 0.43, 0.8)]

    opening = mouth_curves(phonemes, 20).opening

    assert opening[8:13].min() < 0.1
    assert opening[4:7].min() > 0.9


def test_silence_closes_the_mouth_and_rounds_nothing() -> None:
    curves = mouth_curves([Phoneme("u", 0.0, 0.5), Phoneme("", 0.5, 2.0)], 50)

    assert curves.opening[20:].max() == 0
    assert curves.width[5] < -0.5
    assert abs(curves.width[30:]).max() < 0.01


def test_mouth_opening_is_the_distance_of_the_inner_lips(clips: list[SyntheticClip]) -> None:
    lips = clips[0].pose_sequence.keypoints[:, LIPS, :2]
    distance = np.linalg.norm(lips[:, 18] - lips[:, 14], axis=1)

    assert np.allclose(distance, clips[0].mouth_opening)
    assert clips[0].mouth_opening.max() > 24


def test_only_legs_and_feet_are_not_there(clips: list[SyntheticClip]) -> None:
    hidden = [*LEGS, *range(FEET.start, FEET.stop)]
    for clip in clips:
        keypoints = clip.pose_sequence.keypoints
        shown = np.delete(keypoints, hidden, axis=1)

        assert not keypoints[:, hidden].any()
        assert (shown[..., 2] == 1).all()
        assert shown[..., :2].min() > 0
        assert shown[..., :2].max() < CANVAS_SIZE


def test_points_that_two_parts_share_are_one(clips: list[SyntheticClip]) -> None:
    keypoints = clips[1].pose_sequence.keypoints[..., :2]

    assert np.allclose(keypoints[:, 1], (keypoints[:, 2] + keypoints[:, 5]) / 2, atol=1e-3)
    assert np.array_equal(keypoints[:, RIGHT_WRIST], keypoints[:, RIGHT_HAND.start])
    assert np.array_equal(keypoints[:, LEFT_WRIST], keypoints[:, LEFT_HAND.start])
    assert np.allclose(keypoints[:, 0], keypoints[:, FACE.start + 30])


def test_the_persons_left_is_image_right_and_the_head_is_a_third_of_the_picture(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        x, y = np.moveaxis(clip.pose_sequence.keypoints[..., :2], -1, 0)
        brows_to_chin = y[:, FACE.start + 8] - y[:, FACE.start + 19]

        assert (x[:, 5] > x[:, 2] + 150).all()
        assert (x[:, FACE.start + 45] > x[:, FACE.start + 36]).all()
        assert (x[:, LIPS.start + 6] - x[:, LIPS.start] > 30).all()
        assert 100 < brows_to_chin.mean() < 150


def test_arms_keep_their_bones(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        keypoints = clip.pose_sequence.keypoints[..., :2]
        for shoulder in (2, 5):
            upper = np.linalg.norm(keypoints[:, shoulder] - keypoints[:, shoulder + 1], axis=1)
            lower = np.linalg.norm(keypoints[:, shoulder + 1] - keypoints[:, shoulder + 2], axis=1)

            assert upper.max() < 123
            assert lower.max() < 117


def test_hands_move_with_the_speech_and_rest_in_silence() -> None:
    inside, outside = [], []
    for seed in range(20, 26):
        clip = synthetic_clip(seed, seconds=8)
        keypoints = clip.pose_sequence.keypoints[:, (RIGHT_WRIST, LEFT_WRIST), :2]
        speed = np.linalg.norm(np.diff(keypoints, axis=0), axis=-1).mean(axis=1)
        stressed = [int(p.start_s * FPS) for p in clip.phonemes if p.symbol.startswith("ˈ")]
        is_near = np.zeros(len(speed), bool)
        for frame in stressed:
            is_near[max(0, frame - 4) : frame + 2] = True
        inside.append(speed[is_near].mean())
        outside.append(speed[~is_near].mean())

    assert np.mean(inside) > 1.2 * np.mean(outside)


def test_nothing_jumps(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        steps = np.linalg.norm(np.diff(clip.pose_sequence.keypoints[..., :2], axis=0), axis=-1)

        assert steps[:, FACE].max() < 32
        assert steps.max() < 75


def test_the_reference_frame_rests(clips: list[SyntheticClip]) -> None:
    for clip in clips:
        face = clip.pose_sequence.keypoints[clip.reference_frame, FACE, :2]

        assert clip.mouth_opening[clip.reference_frame] == pytest.approx(0, abs=0.5)
        assert face[41, 1] - face[37, 1] > 5

"""Laws of gesture metrics."""

import numpy as np
import pytest

from mmgt_core.keypoints import LEFT_HAND, RIGHT_HAND
from mmgt_core.metrics.gesture import (
    HandMotion,
    beat_alignment,
    correlation,
    diversity,
    hand_speed,
    in_shoulder_widths,
    lag_correlations,
    speech_energy,
    speech_onsets,
)
from mmgt_core.metrics.gesture_scores import GestureScores
from mmgt_core.types import PoseSequence
from tests.unit.metrics.clips import bursts, speaker


def moved_by(speeds) -> PoseSequence:
    """Hands that move sideways by `speeds` px a frame."""
    poses = speaker(len(speeds), 0)
    start = poses.keypoints[:1]
    keypoints = np.repeat(start, len(speeds), axis=0)
    for part in (LEFT_HAND, RIGHT_HAND):
        keypoints[:, part, 0] += np.cumsum(speeds)[:, None]
    return PoseSequence(keypoints.astype(np.float32))


def test_gestures_do_not_depend_on_where_and_how_large_somebody_is() -> None:
    poses = speaker(20, 1)
    keypoints = poses.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] * 0.5 + (30, -10)

    np.testing.assert_allclose(in_shoulder_widths(PoseSequence(keypoints)), in_shoulder_widths(poses), atol=1e-5)


def test_hand_speed_is_in_shoulder_widths_a_second() -> None:
    speed = hand_speed(moved_by(np.full(10, 3.0)))

    np.testing.assert_allclose(speed, 3.0 / 150 * 25, rtol=1e-4)


def test_a_hand_unseen_for_some_frames_moves_evenly_between_those_where_it_is_seen() -> None:
    poses = moved_by(np.full(10, 3.0))
    hidden = poses.keypoints.copy()
    hidden[3:6, RIGHT_HAND] = 0

    np.testing.assert_allclose(hand_speed(PoseSequence(hidden)), hand_speed(poses), rtol=1e-3)


def test_the_lag_of_hands_behind_speech_is_found() -> None:
    energy = np.random.default_rng(0).uniform(size=200).astype(np.float32)
    speed = np.roll(energy, 7)

    found = lag_correlations(speed, energy, max_lag=12)

    assert int(np.argmax(found)) - 12 == 7
    assert found.max() > 0.99


@pytest.mark.parametrize("num_frames", range(2, 31))
def test_a_lag_at_which_nothing_overlaps_has_no_correlation(num_frames: int) -> None:
    speed, energy = np.random.default_rng(0).uniform(size=(2, num_frames)).astype(np.float32)

    found = lag_correlations(speed, energy)

    lags = np.arange(len(found)) - len(found) // 2
    assert len(found) == 51
    assert np.isfinite(found).all()
    assert (found[np.abs(lags) >= num_frames] == 0).all()


def test_shuffling_lowers_correlation() -> None:
    drawn = np.random.default_rng(0)
    series = drawn.normal(size=300)

    assert correlation(series, series + 0.1 * drawn.normal(size=300)) > 0.9
    assert abs(correlation(series, drawn.permutation(series))) < 0.2


def test_what_does_not_change_correlates_with_nothing() -> None:
    assert correlation(np.ones(10), np.arange(10)) == 0


def test_speech_energy_is_where_the_sound_is() -> None:
    energy = speech_energy(bursts(60, 20), 60)

    assert set(np.flatnonzero(energy > 0.05)) == {20, 21, 22, 40, 41, 42}


def test_hands_that_rest_at_every_onset_are_better_aligned_than_hands_that_rest_between() -> None:
    num_frames, every = 250, 25
    speech = bursts(num_frames, every)
    assert len(speech_onsets(speech)) >= 8
    phase = 2 * np.pi * np.arange(num_frames) / every

    on, between = (beat_alignment(moved_by(3 - 2 * np.cos(phase + shift)), speech) for shift in (0, np.pi))

    assert on is not None
    assert between is not None
    assert on > 0.5
    assert between < 0.1


def test_hands_that_never_move_have_no_beats() -> None:
    assert beat_alignment(moved_by(np.zeros(100)), bursts(100, 25)) is None


def test_diversity_is_the_mean_distance_of_different_windows() -> None:
    features = np.array([[0, 0], [3, 4], [0, 0]], np.float32)

    assert diversity(features) == pytest.approx(10 / 3)


def test_hand_motion_of_the_truth_itself_equals_the_truth() -> None:
    clips = [(speaker(100, seed), bursts(100, 20)) for seed in range(3)]
    scores = GestureScores(None)
    for poses, sound in clips:
        scores.add(poses, poses, sound)

    found = {item.metric: item for item in scores.measurements()}

    for name in ("Hand speed", "Hand speed variance", "Hand timing"):
        assert found[name].value == pytest.approx(found[name].truth)
    assert found["Hand timing"].truth == pytest.approx(max(HandMotion.of(clips).lags, key=abs), abs=1e-6)
    assert "not measured" in found["FGD"].note


def test_without_keypoints_every_gesture_metric_says_what_to_give() -> None:
    found = GestureScores(None).measurements()

    assert len(found) == 7
    assert all("keypoints" in item.note and item.value is None for item in found)

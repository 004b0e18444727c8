"""Laws of the pose autoencoder and of the distances made with it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.errors import WeightsError
from mmgt_core.metrics import pose_autoencoder
from mmgt_core.metrics.gesture import gesture_distance
from mmgt_core.metrics.pose_autoencoder import (
    PUBLISHED_WEIGHTS,
    load_pose_autoencoder,
    pose_windows,
    save_pose_autoencoder,
    train_pose_autoencoder,
)
from mmgt_core.types import PoseSequence
from tests.unit.metrics.clips import speaker

STEPS = 60


@pytest.fixture(scope="module")
def losses():
    return []


@pytest.fixture(scope="module")
def network(losses):
    clips = [speaker(84, seed) for seed in range(12)]
    return train_pose_autoencoder(clips, STEPS, seed=3, on_step=lambda step, loss: losses.append(loss))


def features(network, clips) -> np.ndarray:
    return network.features(np.concatenate([pose_windows(clip) for clip in clips]))


def test_training_halves_the_loss(network, losses) -> None:
    assert len(losses) == STEPS
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])


def test_the_same_clips_and_seed_give_the_same_weights_and_another_seed_others() -> None:
    first, again, other = (
        train_pose_autoencoder([speaker(84, 0)], num_steps=2, seed=seed).state_dict() for seed in (3, 3, 4)
    )

    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_unseen_motion_of_the_same_kind_is_nearer_than_standing_still(network) -> None:
    truth = features(network, [speaker(84, seed) for seed in range(100, 112)])
    alike = features(network, [speaker(84, seed) for seed in range(200, 212)])
    still = features(network, [PoseSequence(np.repeat(speaker(1, seed).keypoints, 84, axis=0)) for seed in range(12)])

    assert gesture_distance(alike, truth) < 0.5 * gesture_distance(still, truth)


def test_a_clip_shorter_than_a_window_gives_none_and_alone_cannot_be_trained_on(network) -> None:
    assert len(pose_windows(speaker(33, 0))) == 0
    assert len(pose_windows(speaker(34, 0))) == 1
    with pytest.raises(ValueError, match="none of 2 pose sequences has 34 frames"):
        train_pose_autoencoder([speaker(33, 0), speaker(5, 0)], 1)


def test_saved_weights_give_the_same_features_within_half_precision_and_are_small(network, tmp_path) -> None:
    path = tmp_path / "weights" / "pose.safetensors"
    windows = pose_windows(speaker(84, 50))

    save_pose_autoencoder(network, path)

    # Half precision keeps three digits of each weight; features are sums of hundreds.
    np.testing.assert_allclose(load_pose_autoencoder(path).features(windows), network.features(windows), atol=0.03)
    assert path.stat().st_size < 1_000_000
    assert list(path.parent.iterdir()) == [path]


def test_weights_that_cannot_be_written_whole_leave_the_old_ones(network, tmp_path, monkeypatch) -> None:
    path = tmp_path / "pose.safetensors"
    path.write_bytes(b"old")

    def fail(weights, part) -> None:
        Path(part).write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(pose_autoencoder, "save_file", fail)

    with pytest.raises(OSError, match="no space left"):
        save_pose_autoencoder(network, path)
    assert path.read_bytes() == b"old"


def test_absent_and_foreign_weights_are_refused_by_name(tmp_path) -> None:
    foreign = tmp_path / "foreign.safetensors"
    foreign.write_bytes(b"nothing")

    with pytest.raises(WeightsError, match=r"absent\.safetensors is not a file"):
        load_pose_autoencoder(tmp_path / "absent.safetensors")
    with pytest.raises(WeightsError, match=r"foreign\.safetensors cannot be used"):
        load_pose_autoencoder(foreign)


def test_the_published_weights_tell_gestures_from_standing_still() -> None:
    published = load_pose_autoencoder()
    truth = features(published, [speaker(84, seed) for seed in range(100, 112)])
    alike = features(published, [speaker(84, seed) for seed in range(200, 212)])
    still = features(published, [PoseSequence(np.repeat(speaker(1, seed).keypoints, 84, axis=0)) for seed in range(12)])

    assert gesture_distance(alike, truth) < 0.5 * gesture_distance(still, truth)
    assert PUBLISHED_WEIGHTS.stat().st_size < 1_000_000

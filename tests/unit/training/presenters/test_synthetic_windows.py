"""Laws of stage 1's windows of procedural presenters."""

from pathlib import Path

import numpy as np
import pytest

from mmgt_core.config import PRESETS
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.presenters.synthetic_windows import Shard, SyntheticWindows, synthetic_windows, write_shard
from mmgt_core.training.stage_1.spoken_windows import SpeechToPoseData, require_features
from mmgt_core.types import FPS

DEMO = PRESETS["mmgt-demo"]
SEED = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windows")
    write_shard(folder / f"mmgt-demo-{SEED:08d}-001.safetensors", "mmgt-demo", range(SEED, SEED + 1))
    return folder


@pytest.fixture(scope="module")
def windows(folder: Path) -> SyntheticWindows:
    def refuse(done: int, total: int) -> None:
        raise AssertionError("a shard that is there was made again")

    return synthetic_windows(folder, DEMO, SEED, 1, num_processes=1, on_progress=refuse)


def test_windows_begin_every_second_and_the_last_holds_still_in_silence(windows: SyntheticWindows) -> None:
    keypoints = synthetic_clip(SEED).pose_sequence.keypoints
    last_start = FPS * (len(windows) - 1)
    last = windows[len(windows) - 1].keypoints

    assert len(windows) >= 2
    assert np.array_equal(windows[1].keypoints[:10], keypoints[FPS : FPS + 10])
    assert np.array_equal(last[: len(keypoints) - last_start], keypoints[last_start:][:80])
    assert np.array_equal(last[-1], keypoints[min(len(keypoints) - 1, last_start + 79)])


def test_items_are_the_networks_values_with_the_first_frame_as_initial_pose(windows: SyntheticWindows) -> None:
    data = SpeechToPoseData(windows, initial_pose_noise_px=0.0)

    item = data.item(0, np.random.default_rng(0))

    assert item["pose"].shape == (80, 402)
    assert item["pose"].abs().max() < 1
    assert item["initial_pose"][:24].equal(item["pose"][0, :24])
    assert item["initial_pose"].reshape(134, 3)[9].eq(0).all()
    assert item["condition"].shape == (80, DEMO.smga.condition_features)


def test_noise_moves_the_initial_pose_alone_and_not_its_confidence(windows: SyntheticWindows) -> None:
    still, moved = (SpeechToPoseData(windows, noise_px).item(0, np.random.default_rng(0)) for noise_px in (0.0, 2.0))
    way_px = (moved["initial_pose"] - still["initial_pose"]).reshape(134, 3) * 500

    assert moved["pose"].equal(still["pose"])
    assert way_px[:, 2].eq(0).all()
    assert 1.5 < way_px[:9, :2].std() < 2.5


def test_a_preset_with_a_speech_network_wants_prepared_data(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="mmgt data prepare"):
        synthetic_windows(tmp_path, PRESETS["mmgt-512"], 0, 1, 1, lambda done, total: None)


def test_data_of_another_speech_encoder_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="has 115 features a frame; this preset takes 1059"):
        require_features(SyntheticWindows([Shard(path) for path in folder.glob("*.safetensors")]), 1059)

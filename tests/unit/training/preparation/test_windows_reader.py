"""Windows come back from the shards as they went in."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.audio.smga_features import segment_condition
from mmgt_core.audio.wav2vec import SpeechFeatures
from mmgt_core.config import LogMelConfig
from mmgt_core.masks.regions import region_boxes
from mmgt_core.training.preparation.clip import PreparedClip, _boxes
from mmgt_core.training.preparation.layout import ClipFacts, Member, Split, window_starts
from mmgt_core.training.preparation.records import make_room
from mmgt_core.training.preparation.settings import PreparationSettings
from mmgt_core.training.preparation.shards import DatasetIndex, join_clips, write_clip
from mmgt_core.training.preparation.speech import SpeechEncoders, from_int16, speech_arrays, to_int16
from mmgt_core.training.preparation.windows import PreparedDataError, PreparedWindows, stored_clips
from mmgt_core.types import Waveform
from tests.unit.media.recordings import speech
from tests.unit.training.preparation.conftest import Prepared
from tests.unit.training.preparation.films import HeadDetector

NUM_FRAMES = 110
ENCODER = LogMelEncoder(LogMelConfig(num_bands=8, columns_per_frame=2))
HALF_PRECISION = 2e-3
"""Features are stored in half precision: eleven bits, and they reach to about 3."""


def facts(key: str = "one", split: Split = Split.TRAIN) -> ClipFacts:
    return ClipFacts(key, f"{key}.mp4", "", split, NUM_FRAMES, (0, 0, 512), 25.0, "none", window_starts(NUM_FRAMES))


def write_bare_clip(folder: Path, clip: ClipFacts) -> None:
    write_clip(folder, PreparedClip(clip, np.zeros(NUM_FRAMES * 640, np.int16), {}), BytesIO())


@pytest.fixture(scope="module")
def waveform() -> Waveform:
    samples, rate_hz = speech(NUM_FRAMES / 25)
    assert rate_hz == 16_000
    return Waveform(from_int16(to_int16(samples)))


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory, waveform: Waveform) -> PreparedWindows:
    folder = tmp_path_factory.mktemp("hand_built")
    make_room(folder)
    clip, keypoints = facts(), random_keypoints()
    arrays = {Member.KEYPOINTS: keypoints, Member.BOXES: _boxes(keypoints)}
    arrays |= speech_arrays(waveform, clip.window_starts, SpeechEncoders(ENCODER, ENCODER))
    write_clip(folder, PreparedClip(clip, to_int16(waveform.samples), arrays), BytesIO())
    join_clips(folder, DatasetIndex(PreparationSettings()).with_clips([clip]))
    return PreparedWindows(folder, Split.TRAIN)


def random_keypoints() -> np.ndarray:
    generator = np.random.default_rng(1)
    keypoints = generator.uniform(10, 500, (NUM_FRAMES, 134, 3)).astype(np.float32)
    keypoints[..., 2] = generator.uniform(0, 1, (NUM_FRAMES, 134))
    keypoints[40, 92:113, 2] = 0
    return keypoints


def test_keypoints_and_boxes_are_those_of_the_windows_frames(windows: PreparedWindows) -> None:
    expected = random_keypoints()[25:105]

    window = windows[2]

    assert window.keypoints.dtype == np.float32
    assert np.array_equal(window.keypoints, expected)
    assert window.region_boxes == [region_boxes(pose) for pose in expected]
    assert window.region_boxes[15].left_hand is None


def test_the_sound_of_a_window_is_the_clips(windows: PreparedWindows, waveform: Waveform) -> None:
    assert np.array_equal(windows[1].waveform.samples, waveform.samples[12 * 640 : 92 * 640])


def test_stage_1_hears_what_it_would_hear_of_the_windows_own_sound(windows: PreparedWindows) -> None:
    expected = segment_condition(ENCODER, windows[1].waveform.samples).numpy()

    condition = windows[1].condition

    assert condition.shape == (80, 16 + 35)
    assert np.array_equal(condition[:, 16:], expected[:, 16:])
    assert np.abs(condition - expected).max() < HALF_PRECISION


@pytest.mark.parametrize("frames", [[0, 1, 40], [79, 78]])
def test_stage_2_hears_frames_with_their_neighbours_in_the_whole_clip(
    windows: PreparedWindows, waveform: Waveform, frames: list[int]
) -> None:
    expected = SpeechFeatures(ENCODER, waveform).window([25 + frame for frame in frames])

    found = windows[2].speech_features(frames)

    assert found.shape == expected.shape
    assert torch.allclose(found, expected, atol=HALF_PRECISION)


def test_features_that_were_not_prepared_are_named(prepared: Prepared) -> None:
    with pytest.raises(PreparedDataError, match=r"prepared without wavlm\.npy"):
        _ = PreparedWindows(prepared.out, Split.TEST)[0].condition


def test_pictures_show_the_person_where_the_keypoints_are(prepared: Prepared) -> None:
    window = PreparedWindows(prepared.out, Split.TEST)[1]

    pictures = window.pictures([0, 30, 79])

    assert pictures.shape == (3, 512, 512, 3)
    for picture, keypoints in zip(pictures, window.keypoints[[0, 30, 79]], strict=True):
        seen = HeadDetector().detect(picture)[0].keypoints
        assert np.abs(seen[:, :2] - keypoints[:, :2]).max() < 4  # JPEG moves the head's edge by a pixel or two


def test_smaller_pictures_are_the_same_ones(prepared: Prepared) -> None:
    window = PreparedWindows(prepared.out, Split.TEST)[0]

    small, large = window.pictures([5], size=128)[0], window.pictures([5])[0]

    assert np.array_equal(small, cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA))


def test_a_split_without_shards_is_told(tmp_path: Path) -> None:
    with pytest.raises(PreparedDataError, match=r"holds no test-\*\.tar"):
        PreparedWindows(tmp_path, Split.TEST)


def test_a_shard_that_is_cut_off_is_told(prepared: Prepared, tmp_path: Path) -> None:
    whole = next(prepared.out.glob("test-*.tar")).read_bytes()
    (tmp_path / "test-000000.tar").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(PreparedDataError, match="cannot be read"):
        stored_clips(tmp_path / "test-000000.tar")


def test_new_clips_get_new_shards_and_older_ones_stay() -> None:
    settings = PreparationSettings(clips_per_shard=2)
    older = DatasetIndex(settings).with_clips(map(facts, ("c", "a", "b")))

    newer = older.with_clips(map(facts, ("c", "d", "a", "b", "aa")))

    assert older.shards == {"train-000000.tar": ["a", "b"], "train-000001.tar": ["c"]}
    assert newer.shards == {**older.shards, "train-000002.tar": ["aa", "d"]}


def test_joining_goes_on_after_it_was_stopped(tmp_path: Path) -> None:
    make_room(tmp_path)
    clips = [facts(key) for key in "ab"]
    index = DatasetIndex(PreparationSettings(clips_per_shard=1)).with_clips(clips)
    write_bare_clip(tmp_path, clips[0])
    with pytest.raises(FileNotFoundError):
        join_clips(tmp_path, index)
    write_bare_clip(tmp_path, clips[1])

    join_clips(tmp_path, index)

    assert [clip.facts.key for name in index.shards for clip in stored_clips(tmp_path / name)] == ["a", "b"]
    assert list((tmp_path / "clips").iterdir()) == []

"""Log-mel features stand where a speech network would: at video rate, local in time, deaf to loudness."""

import numpy as np
import pytest
import torch
from librosa.filters import mel

from mmgt_core.audio.log_mel import LogMelEncoder, triangles
from mmgt_core.audio.smga_features import segment_condition
from mmgt_core.audio.wav2vec import SpeechFeatures
from mmgt_core.config import BASELINE_FEATURES, LogMelConfig
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, Waveform

CONFIG = LogMelConfig(num_bands=40, columns_per_frame=2)
ENCODER = LogMelEncoder(CONFIG)


def tone(hertz: float, num_frames: int) -> torch.Tensor:
    time_s = np.arange(num_frames * SAMPLES_PER_FRAME) / SAMPLE_RATE_HZ
    return torch.from_numpy(np.sqrt(2) * np.sin(2 * np.pi * hertz * time_s).astype(np.float32))


def noise(num_frames: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, num_frames * SAMPLES_PER_FRAME).astype(np.float32)


@pytest.mark.parametrize("missing_samples", [0, 300, -300], ids=["whole", "short", "long"])
def test_there_is_one_row_a_video_frame_whatever_the_last_half_frame(missing_samples: int) -> None:
    features = ENCODER(torch.randn(12 * SAMPLES_PER_FRAME - missing_samples), 12)

    assert features.shape == (12, CONFIG.hidden_size)
    assert features.isfinite().all()


def test_a_higher_tone_is_heard_in_a_higher_band() -> None:
    loudest = [int(ENCODER(tone(hertz, 5), 5)[2, : CONFIG.num_bands].argmax()) for hertz in (200, 800, 3000)]

    assert loudest == sorted(set(loudest))


def test_a_change_of_speech_is_heard_only_in_its_own_frame_and_the_ones_beside_it() -> None:
    speech = torch.randn(20 * SAMPLES_PER_FRAME, generator=torch.Generator().manual_seed(0))
    changed = speech.clone()
    changed[10 * SAMPLES_PER_FRAME : 11 * SAMPLES_PER_FRAME] = 0

    moved = (ENCODER(speech, 20) - ENCODER(changed, 20)).abs().sum(dim=1).nonzero().flatten().tolist()

    assert set(moved) <= {9, 10, 11}
    assert 10 in moved


def test_it_carries_nothing_to_load() -> None:
    assert ENCODER.state_dict() == {}


def test_a_segments_condition_is_as_wide_as_the_preset_says_and_deaf_to_loudness() -> None:
    samples = noise(80)

    condition, louder = segment_condition(ENCODER, samples), segment_condition(ENCODER, 3 * samples)

    assert condition.shape == (80, CONFIG.hidden_size + BASELINE_FEATURES)
    learned = slice(CONFIG.hidden_size)
    torch.testing.assert_close(condition[:, learned], louder[:, learned], atol=2e-3, rtol=0)  # the variance floor


def test_stage_2_gets_one_layer_with_its_neighbours() -> None:
    features = SpeechFeatures(ENCODER, Waveform(noise(30)), block_frames=10, margin_frames=3)

    window = features.window(range(8, 20))

    assert window.shape == (12, 5, 1, CONFIG.hidden_size)
    assert torch.equal(window[0, 3], window[1, 2])


@pytest.mark.parametrize("num_bands", [8, 40, 128])
def test_the_bands_are_the_library_s_bit_for_bit(num_bands: int) -> None:
    expected = mel(sr=SAMPLE_RATE_HZ, n_fft=512, n_mels=num_bands, fmin=60.0, fmax=7600.0)

    assert np.array_equal(triangles(num_bands), expected)

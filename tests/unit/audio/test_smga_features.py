"""Speech as stage 1 hears it: always one row a video frame."""

import numpy as np
import pytest
import torch
from transformers import WavLMModel

from mmgt_core.audio.baseline import baseline_features, resample
from mmgt_core.audio.smga_features import normalise_segment, segment_condition, wavlm_features
from mmgt_core.checkpoints.networks import build_wavlm
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from tests.small_preset import SMALL

SEGMENT_SAMPLES = 80 * SAMPLES_PER_FRAME
ONSET, MFCC, CHROMA, PEAKS, BEATS = 0, slice(1, 21), slice(21, 33), 33, 34


@pytest.fixture(scope="module")
def wavlm() -> WavLMModel:
    torch.manual_seed(0)
    return build_wavlm(SMALL.wavlm).requires_grad_(False).eval()


def clicks(seconds: float, every_s: float) -> np.ndarray:
    """A faint tone with a sharp click at regular times."""
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.02 * np.sin(2 * np.pi * 220 * time_s) + 0.8 * ((time_s % every_s) < 0.005)).astype(np.float32)


def noise(num_samples: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.1, num_samples).astype(np.float32)


@pytest.mark.parametrize(
    ("seconds", "num_rows"), [(3.2, 81), (0.5, 13), (0.04, 2), (10.0, 251)], ids=["segment", "short", "frame", "long"]
)
def test_hand_made_features_have_a_row_each_25th_of_a_second(seconds: float, num_rows: int) -> None:
    features = baseline_features(noise(round(seconds * SAMPLE_RATE_HZ)), SAMPLE_RATE_HZ)

    assert features.shape == (num_rows, 35)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_silence_has_finite_features_without_onsets_or_beats() -> None:
    features = baseline_features(np.zeros(SEGMENT_SAMPLES, np.float32), SAMPLE_RATE_HZ)

    assert features.shape == (81, 35)
    assert np.isfinite(features).all()
    assert not features[:, [ONSET, PEAKS, BEATS]].any()


def test_peaks_stand_where_the_clicks_are() -> None:
    features = baseline_features(clicks(3.2, every_s=0.5), SAMPLE_RATE_HZ)
    at = np.flatnonzero(features[:, PEAKS])

    assert set(np.unique(features[:, [PEAKS, BEATS]])) == {0.0, 1.0}
    # A click every half second is one every 12.5 frames; the first has nothing before it to rise from.
    assert all(min(abs(at - click)) <= 1 for click in np.arange(1, 7) * 12.5)
    assert all(abs(np.arange(1, 7) * 12.5 - peak).min() <= 2 for peak in at)


def test_chroma_is_a_share_and_the_cepstrum_is_not_normalised() -> None:
    features = baseline_features(noise(SEGMENT_SAMPLES), SAMPLE_RATE_HZ)

    assert 0 <= features[:, CHROMA].min() <= features[:, CHROMA].max() <= 1
    assert abs(features[:, MFCC]).max() > 50


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    samples = noise(1000)

    assert resample(samples, 16_000, 16_000) is samples
    assert len(resample(samples, 16_000, 12_800)) == 800


@pytest.mark.parametrize("num_samples", [50_640, SEGMENT_SAMPLES, 51_279])
def test_3_2_seconds_are_80_rows_of_wavlm(wavlm: WavLMModel, num_samples: int) -> None:
    """The bounds are the durations that the published method takes (spec §2)."""
    features = wavlm_features(wavlm, noise(num_samples))

    assert features.shape == (80, 64)
    assert features.isfinite().all()


def test_loudness_does_not_matter_to_wavlm(wavlm: WavLMModel) -> None:
    samples = noise(SEGMENT_SAMPLES)

    quiet, loud = wavlm_features(wavlm, samples), wavlm_features(wavlm, 5 * samples + np.float32(0.1))

    assert torch.allclose(quiet, loud, atol=1e-2)


def test_a_silent_segment_is_normalised_to_silence() -> None:
    assert not normalise_segment(torch.zeros(100)).any()


@pytest.mark.parametrize("samples", [noise(SEGMENT_SAMPLES), np.zeros(SEGMENT_SAMPLES, np.float32)])
def test_a_segments_condition_is_both_side_by_side(wavlm: WavLMModel, samples: np.ndarray) -> None:
    condition = segment_condition(wavlm, samples)

    assert condition.shape == (80, 64 + 35)
    assert condition.dtype == torch.float32
    assert torch.equal(condition[:, :64], wavlm_features(wavlm, samples))
    assert np.array_equal(condition[:, 64:].numpy(), baseline_features(samples, SAMPLE_RATE_HZ)[:80])

"""The 35 hand-made audio features of stage 1 (spec §2): onset strength, MFCC, chroma, onset peaks, beats."""

import warnings

import librosa
import numpy as np
from librosa.feature import chroma_cens, mfcc, tempo
from librosa.onset import onset_detect, onset_strength

from mmgt_core.audio.beats import beat_frames
from mmgt_core.keypoints import Float32Array

_HOP = 512
_RATE_HZ = 25 * _HOP
"""One hop is one video frame."""
_TEMPO_RATE_HZ = 22_050
_TIGHTNESS = 100
_NUM_MFCC = 20
_NUM_CHROMA = 12
_SILENT_TEMPO_BPM = 120.0
"""Where nothing can be heard; there are no beats to place then."""


def baseline_features(samples: Float32Array, sample_rate_hz: int) -> Float32Array:
    """Hand-made features, (frames, 35) float32, one row each 1/25 s; none is normalised.

    Args:
        samples: (samples,) mono, in [-1, 1].
        sample_rate_hz: of the samples.

    Columns: 0 onset strength; 1 to 20 MFCC; 21 to 32 chroma CENS; 33 onset peaks, 34 beats, both one-hot.
    Source: spec §2.
    """
    speech = resample(samples, sample_rate_hz, _RATE_HZ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa warns of silence, which speech has
        envelope = onset_strength(y=speech, sr=_RATE_HZ, hop_length=_HOP)
        cepstrum = mfcc(y=speech, sr=_RATE_HZ, n_mfcc=_NUM_MFCC, hop_length=_HOP)
        chroma = chroma_cens(y=speech, sr=_RATE_HZ, hop_length=_HOP, n_chroma=_NUM_CHROMA)
        peaks = onset_detect(onset_envelope=envelope, sr=_RATE_HZ, hop_length=_HOP)
        beats_per_minute = _tempo(resample(samples, sample_rate_hz, _TEMPO_RATE_HZ))
        beats = beat_frames(envelope, _RATE_HZ, _HOP, beats_per_minute, _TIGHTNESS)
    num_frames = len(envelope)
    columns = [envelope[None], cepstrum, chroma, _one_hot(peaks, num_frames), _one_hot(beats, num_frames)]
    return np.nan_to_num(np.concatenate(columns).T).astype(np.float32)


def onset_envelope(samples: Float32Array, sample_rate_hz: int) -> Float32Array:
    """Column 0 alone, (frames,)."""
    return onset_strength(y=resample(samples, sample_rate_hz, _RATE_HZ), sr=_RATE_HZ, hop_length=_HOP)


def resample(samples: Float32Array, from_hz: int, to_hz: int = _RATE_HZ) -> Float32Array:
    """High-quality resampling: (samples,) float32."""
    if from_hz == to_hz:
        return samples
    return librosa.resample(samples, orig_sr=from_hz, target_sr=to_hz, res_type="soxr_hq")


def _tempo(samples: Float32Array) -> float:
    """Beats per minute of the whole recording; silence has none."""
    estimate = float(tempo(y=samples, sr=_TEMPO_RATE_HZ)[0])
    return estimate if estimate > 0 else _SILENT_TEMPO_BPM


def _one_hot(frames: "np.ndarray[tuple[int], np.dtype[np.intp]]", num_frames: int) -> Float32Array:
    row = np.zeros((1, num_frames), np.float32)
    row[0, frames] = 1
    return row

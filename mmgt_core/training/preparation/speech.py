"""What both stages hear of a clip, computed once by exactly the functions that inference uses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from transformers import WavLMModel

from mmgt_core.audio.baseline import baseline_features
from mmgt_core.audio.log_mel import LogMelEncoder
from mmgt_core.audio.smga_features import segment_condition
from mmgt_core.audio.wav2vec import SpeechEncoder, SpeechFeatures
from mmgt_core.config import BASELINE_FEATURES
from mmgt_core.keypoints import Float32Array
from mmgt_core.training.preparation.layout import WINDOW_FRAMES, Member
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, Waveform

_BLOCK_FRAMES = 100
_INT16_RANGE = 2**15


@dataclass(frozen=True)
class SpeechEncoders:
    """A preset's encoders: of stage 1 (WavLM) and of stage 2 (wav2vec 2.0), or what stands in their places."""

    wavlm: WavLMModel | LogMelEncoder
    wav2vec: SpeechEncoder


def to_int16(samples: Float32Array) -> npt.NDArray[np.int16]:
    """As a WAV file stores them: (samples,) float32 in [-1, 1] to 16 bit."""
    return np.rint(samples * _INT16_RANGE).clip(-_INT16_RANGE, _INT16_RANGE - 1).astype(np.int16)


def from_int16(samples: npt.NDArray[np.int16]) -> Float32Array:
    """The inverse of `to_int16`."""
    return samples.astype(np.float32) / np.float32(_INT16_RANGE)


def speech_arrays(
    waveform: Waveform, starts: Sequence[int], encoders: SpeechEncoders | None
) -> dict[Member, npt.NDArray[np.generic]]:
    """Features of both stages; stage 1's are those of each window's own sound, stage 2's those of the whole clip.

    Args:
        waveform: of the clip, a whole number of frames.
        starts: first frames of the W windows.
        encoders: without them only the hand-made features are there.

    Returns:
        HAND_MADE (W, 80, 35) float32; WAVLM (W, 80, D) and WAV2VEC (F, layers, D) float16.
    """
    windows = [
        waveform.samples[start * SAMPLES_PER_FRAME : (start + WINDOW_FRAMES) * SAMPLES_PER_FRAME] for start in starts
    ]
    if encoders is None:
        rows = [baseline_features(samples, SAMPLE_RATE_HZ)[:WINDOW_FRAMES] for samples in windows]
        return {Member.HAND_MADE: np.stack(rows)}
    conditions = torch.stack([segment_condition(encoders.wavlm, samples) for samples in windows]).cpu()
    learned, hand_made = conditions[..., :-BASELINE_FEATURES], conditions[..., -BASELINE_FEATURES:]
    return {
        Member.HAND_MADE: hand_made.contiguous().numpy(),
        Member.WAVLM: learned.half().numpy(),
        Member.WAV2VEC: _unstacked(SpeechFeatures(encoders.wav2vec, waveform)),
    }


def _unstacked(features: SpeechFeatures) -> npt.NDArray[np.float16]:
    """Each frame's own features; its neighbours are stacked when they are read."""
    blocks = []
    for first in range(0, features.waveform.num_frames, _BLOCK_FRAMES):
        frames = range(first, min(first + _BLOCK_FRAMES, features.waveform.num_frames))
        stacked = features.window(frames)  # (F, A, layers, D)
        blocks.append(stacked[:, stacked.shape[1] // 2].half().cpu().numpy())
    return np.concatenate(blocks)

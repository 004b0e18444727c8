"""Log-mel energies in the places of WavLM and wav2vec 2.0: fixed arithmetic, for presets without a speech network."""

from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import LogMelConfig
from mmgt_core.keypoints import Float32Array
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME

_WINDOW_SAMPLES = 512
_FLOOR = 1e-4
"""Power under which a band counts as silent; the speech that comes in has unit variance."""
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 7600.0
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
"""Slaney's scale: even in Hz up to here, then even in their logarithms."""
_LOG_STEP = np.log(6.4) / 27.0
_MEAN, _SPREAD = -3.5, 3.0
"""Of the logarithms over speech, so that features are near zero mean and unit variance."""


class LogMelEncoder(nn.Module):
    """Features of speech at video rate; it holds no tensors, so there is nothing to load, move or train."""

    def __init__(self, config: LogMelConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, normalised: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Several short spectra of each video frame side by side, (F, D) float32 on the speech's device.

        Args:
            normalised: (samples,), 16 kHz, zero mean and unit variance.
            num_frames: that the samples last; silence stands past their end.
        """
        columns = self.config.columns_per_frame
        hop = SAMPLES_PER_FRAME // columns
        length = num_frames * SAMPLES_PER_FRAME
        speech = F.pad(normalised.float(), (0, max(0, length - len(normalised))))[:length]
        edge = (_WINDOW_SAMPLES - hop) // 2  # each window is centred on its own hop
        pieces = F.pad(speech, (edge, edge)).unfold(0, _WINDOW_SAMPLES, hop)  # (F columns, window)
        spectrum = torch.fft.rfft(pieces * torch.hann_window(_WINDOW_SAMPLES, device=speech.device)).abs().square()
        bands = spectrum @ _filters(self.config.num_bands).to(speech.device)  # (F columns, bands)
        logarithms = (bands.clamp(min=_FLOOR).log() - _MEAN) / _SPREAD
        return logarithms.reshape(num_frames, columns * self.config.num_bands)  # (F, D)


@lru_cache
def _filters(num_bands: int) -> torch.Tensor:
    """Triangles on the mel scale, (bins, bands), for a power spectrum of `_WINDOW_SAMPLES`."""
    return torch.from_numpy(triangles(num_bands).T / _WINDOW_SAMPLES).float()


def triangles(num_bands: int) -> Float32Array:
    """Each band's weights, (bands, bins) float32, of equal areas: librosa's `filters.mel`, bit for bit.

    Its import costs a worker's start a second.
    """
    lowest, highest = _LOWEST_HZ * _KNEE_MEL / _KNEE_HZ, _KNEE_MEL + np.log(_HIGHEST_HZ / _KNEE_HZ) / _LOG_STEP
    mels = np.linspace(lowest, highest, num_bands + 2)
    corners = mels * _KNEE_HZ / _KNEE_MEL
    is_above = mels >= _KNEE_MEL
    corners[is_above] = _KNEE_HZ * np.exp(_LOG_STEP * (mels[is_above] - _KNEE_MEL))
    away = corners[:, None] - np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)  # (bands + 2, bins)
    widths = np.diff(corners)[:, None]
    weights = np.maximum(0, np.minimum(-away[:-2] / widths[:-1], away[2:] / widths[1:])).astype(np.float32)
    return (weights * (2.0 / (corners[2:] - corners[:-2]))[:, None]).astype(np.float32)

"""Log-mel energies in the places of WavLM and wav2vec 2.0: fixed arithmetic, for presets without a speech network."""

from functools import lru_cache

import torch
from librosa.filters import mel
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import LogMelConfig
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME

_WINDOW_SAMPLES = 512
_FLOOR = 1e-4
"""Power under which a band counts as silent; the speech that comes in has unit variance."""
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
    triangles = mel(sr=SAMPLE_RATE_HZ, n_fft=_WINDOW_SAMPLES, n_mels=num_bands, fmin=60.0, fmax=7600.0)
    return torch.from_numpy(triangles.T / _WINDOW_SAMPLES).float()

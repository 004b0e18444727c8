"""Lip synchronisation by a SyncNet: LSE-D and LSE-C (Prajwal et al. 2020, after Chung & Zisserman 2016).

The paper calls its columns Syn-C and Syn-D. Their sizes (10 to 14, lower printed as better; 1 to 5, higher better) are
those of LSE-D and LSE-C, in this order; we report under the names that say what is computed.
"""

from pathlib import Path

import numpy as np
import torch
from scipy.fft import dct

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.feature_networks import load_script, resized
from mmgt_core.types import SAMPLE_RATE_HZ, UInt8Array, Waveform

WINDOW_FRAMES = 5
MAX_OFFSET_FRAMES = 15
_SIDE = 224
_STEPS_PER_FRAME, _WINDOW_STEPS = 4, 20
_HOP, _WINDOW, _FFT = 160, 400, 512
_NUM_FILTERS, _NUM_CEPSTRA, _LIFTER = 26, 13, 22
_PREEMPHASIS = 0.97
_BATCH = 20
_METHODS = ("forward_lip", "forward_aud")


def load_syncnet(path: Path, option: str, device: torch.device) -> torch.jit.ScriptModule:
    """Load a TorchScript file with SyncNet's two methods.

    Raises:
        WeightsError: as `load_script`, or it lacks a method; names the option that gave it.
    """
    network = load_script(path, option, device)
    missing = [name for name in _METHODS if not hasattr(network, name)]
    if missing:
        raise WeightsError(f"{option}: {path} has no method {' and no '.join(missing)}")
    return network


@torch.inference_mode()
def lip_sync_errors(
    network: torch.jit.ScriptModule, faces: UInt8Array, waveform: Waveform, device: torch.device
) -> tuple[float, float] | None:
    """LSE-D and LSE-C of one clip; None where it is shorter than 5 frames.

    Args:
        network: TorchScript with the methods `forward_lip`, (B, 3, 5, 224, 224) BGR 0…255 to (B, D), and
            `forward_aud`, (B, 1, 13, 20) MFCC to (B, D): SyncNet's own.
        faces: (F, H, W, 3) RGB, the cut-out face at 25 frames a second.
        waveform: the sound that lies under these frames.
    """
    cepstra = mel_cepstra(waveform.samples)  # (steps, 13)
    number = min(len(faces), len(cepstra) // _STEPS_PER_FRAME) - WINDOW_FRAMES + 1
    if number < 1:
        return None
    seen, heard = [], []
    for first in range(0, number, _BATCH):
        last = min(first + _BATCH, number)
        pixels = _network_pixels(faces[first : last + WINDOW_FRAMES - 1])  # (B + 4, 3, 224, 224)
        lips = torch.stack([pixels[at : at + WINDOW_FRAMES].transpose(0, 1) for at in range(last - first)])
        sounds = [cepstra[_STEPS_PER_FRAME * frame :][:_WINDOW_STEPS].T for frame in range(first, last)]
        speech = torch.from_numpy(np.stack(sounds)).unsqueeze(1)  # (B, 1, 13, 20)
        seen.append(network.forward_lip(lips.to(device)).float().cpu())
        heard.append(network.forward_aud(speech.to(device)).float().cpu())
    return sync_distances(torch.cat(seen), torch.cat(heard))


def sync_distances(seen: torch.Tensor, heard: torch.Tensor) -> tuple[float, float]:
    """LSE-D and LSE-C of embeddings of the same moments, (N, D) each.

    The distance of mouth and sound is averaged over the clip for each offset up to 15 frames either way. LSE-D is the
    least of these means; LSE-C how far the median lies above it. Past the ends, silence's zero stands for the sound.
    """
    padded = torch.nn.functional.pad(heard, (0, 0, MAX_OFFSET_FRAMES, MAX_OFFSET_FRAMES))
    means = torch.stack(
        [(seen - padded[offset : offset + len(seen)]).norm(dim=1).mean() for offset in range(2 * MAX_OFFSET_FRAMES + 1)]
    )
    least = float(means.min())
    return least, float(means.median()) - least


def mel_cepstra(samples: Float32Array) -> Float32Array:
    """MFCC as SyncNet was trained on: (steps of 10 ms, 13), float32.

    Args:
        samples: (samples,) 16 kHz in [-1, 1]; scaled to 16-bit integers' range, as its training read them.

    25 ms windows without taper, pre-emphasis 0.97, 26 triangles, liftered by 22, the first one the log energy.
    """
    scaled = samples.astype(np.float64) * 2**15
    emphasised = np.append(scaled[:1], scaled[1:] - _PREEMPHASIS * scaled[:-1])
    number = 1 + max(0, -(-(len(emphasised) - _WINDOW) // _HOP))
    emphasised = np.pad(emphasised, (0, max(0, (number - 1) * _HOP + _WINDOW - len(emphasised))))
    framed = np.lib.stride_tricks.sliding_window_view(emphasised, _WINDOW)[::_HOP][:number]
    power = np.abs(np.fft.rfft(framed, _FFT)) ** 2 / _FFT  # (steps, 257)
    floor = np.finfo(np.float64).eps
    bands = np.log(np.maximum(power @ _mel_filters().T, floor))
    cepstra = dct(bands, type=2, axis=1, norm="ortho")[:, :_NUM_CEPSTRA]
    cepstra *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(_NUM_CEPSTRA) / _LIFTER)
    cepstra[:, 0] = np.log(np.maximum(power.sum(axis=1), floor))
    return cepstra.astype(np.float32)


def _network_pixels(faces: UInt8Array) -> torch.Tensor:
    """(F, H, W, 3) RGB to (F, 3, 224, 224) BGR 0…255."""
    return resized(torch.from_numpy(np.ascontiguousarray(faces[..., ::-1])).permute(0, 3, 1, 2).float(), _SIDE)


def _mel_filters() -> np.ndarray:
    """Triangles, evenly spaced in mel from 0 to 8 kHz, with corners on whole bins: (26, 257)."""
    mels = np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE_HZ / 2 / 700), _NUM_FILTERS + 2)
    corners = np.floor((_FFT + 1) * 700 * (10 ** (mels / 2595) - 1) / SAMPLE_RATE_HZ)
    bins = np.arange(_FFT // 2 + 1)
    low, middle, high = (corners[index : index + _NUM_FILTERS, None] for index in range(3))
    return np.clip(np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)), 0, None)

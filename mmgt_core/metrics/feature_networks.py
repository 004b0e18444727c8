"""Networks that judge pictures and cannot ship here: TorchScript files of the user's, with what each is fed."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

CLIP_FRAMES = 16
"""Frames of one clip of FVD and KVD."""
_I3D_SIDE = 224
_LEAST_LPIPS_SIDE = 64
_BATCH = 32


def load_script(path: Path, option: str, device: torch.device) -> torch.jit.ScriptModule:
    """Load a TorchScript file.

    Raises:
        WeightsError: there is no such file, or it is no TorchScript; names the option that gave it.
    """
    if not path.is_file():
        raise WeightsError(f"{option}: {path} is not a file")
    try:
        return torch.jit.load(str(path), map_location=device).eval()
    except RuntimeError as error:
        raise WeightsError(f"{option}: {path} is not a TorchScript file") from error


@dataclass(frozen=True)
class FeatureNetworks:
    """Those that the user gave; None where not.

    inception: (B, 3, H, W) uint8 RGB to (B, D). i3d: (B, 3, 16, 224, 224) in [-1, 1] to (B, D). Both are called with
    `return_features=True` where their forward knows that word. lpips: two of (B, 3, H, W) in [-1, 1] to (B, …).
    """

    inception: torch.jit.ScriptModule | None = None
    i3d: torch.jit.ScriptModule | None = None
    lpips: torch.jit.ScriptModule | None = None
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - a device is a value


@torch.inference_mode()
def frame_features(network: torch.jit.ScriptModule, frames: UInt8Array, device: torch.device) -> Float32Array:
    """Features of single frames by an Inception network: (F, H, W, 3) to (F, D)."""
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2)  # (F, 3, H, W)
    return np.concatenate([_features(network, batch.to(device)) for batch in pixels.split(_BATCH)])


@torch.inference_mode()
def clip_features(network: torch.jit.ScriptModule, frames: UInt8Array, device: torch.device) -> Float32Array:
    """Features of whole 16-frame clips by an I3D network: (F, H, W, 3) to (F // 16, D); the rest is not used."""
    clips = []
    for first in range(0, len(frames) - CLIP_FRAMES + 1, CLIP_FRAMES):
        pixels = resized(signed_pixels(frames[first : first + CLIP_FRAMES]), _I3D_SIDE)
        clips.append(_features(network, pixels.transpose(0, 1).unsqueeze(0).to(device)))  # (1, 3, 16, 224, 224)
    return np.concatenate(clips) if clips else np.zeros((0, 0), np.float32)


@torch.inference_mode()
def perceptual_distances(
    network: torch.jit.ScriptModule, frames: UInt8Array, truth: UInt8Array, device: torch.device
) -> Float32Array:
    """LPIPS of each frame: (F, H, W, 3) twice to (F,); frames smaller than 64 px are enlarged to it."""
    found = []
    for first in range(0, len(frames), _BATCH):
        pair = []
        for pictures in (frames, truth):
            pixels = signed_pixels(pictures[first : first + _BATCH])
            is_small = min(pixels.shape[2:]) < _LEAST_LPIPS_SIDE
            pair.append((resized(pixels, _LEAST_LPIPS_SIDE) if is_small else pixels).to(device))
        found.append(network(*pair).float().flatten(1).mean(1).cpu().numpy())
    return np.concatenate(found)


def signed_pixels(frames: UInt8Array) -> torch.Tensor:
    """(F, H, W, 3) uint8 to (F, 3, H, W) float32 in [-1, 1]."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 127.5 - 1


def resized(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """(F, C, H, W) to (F, C, side, side), bilinear, without aliasing."""
    return F.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False, antialias=True)


def _features(network: torch.jit.ScriptModule, batch: torch.Tensor) -> Float32Array:
    names = [argument.name for argument in network._c._get_method("forward").schema.arguments]
    found = network(batch, return_features=True) if "return_features" in names else network(batch)
    return np.asarray(found.float().flatten(1).cpu().numpy(), np.float32)

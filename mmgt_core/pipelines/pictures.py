"""Pictures as the networks of stage 2 take them (spec §11)."""

import numpy as np
import torch
from PIL import Image

from mmgt_core.types import UInt8Array

CLIP_SIDE = 224
_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def clip_pixels(image: UInt8Array) -> torch.Tensor:
    """What CLIP sees: (H, W, 3) squeezed to 224x224 (bicubic) and normalised, (1, 3, 224, 224) float32."""
    return normalised_portraits(_channels_first(portrait(image)))


def portrait(image: UInt8Array) -> UInt8Array:
    """An image squeezed to the size that CLIP sees: (224, 224, 3)."""
    return np.asarray(Image.fromarray(image).resize((CLIP_SIDE, CLIP_SIDE), Image.Resampling.BICUBIC))


def normalised_portraits(portraits: torch.Tensor) -> torch.Tensor:
    """CLIP's own range: (B, 3, 224, 224) in [0, 1] to about zero mean and unit variance."""
    mean, std = torch.tensor(_CLIP_MEAN).view(1, 3, 1, 1), torch.tensor(_CLIP_STD).view(1, 3, 1, 1)
    return (portraits - mean.to(portraits.device)) / std.to(portraits.device)


def scaled_pixels(image: UInt8Array, resolution: int) -> torch.Tensor:
    """An image at the video's resolution (Lanczos): (H, W, 3) to (1, 3, resolution, resolution) in [0, 1]."""
    return _channels_first(scaled(image, resolution))


def scaled(image: UInt8Array, resolution: int) -> UInt8Array:
    """The same as bytes: (H, W, 3) to (resolution, resolution, 3)."""
    return np.asarray(Image.fromarray(image).resize((resolution, resolution), Image.Resampling.LANCZOS))


def pose_pixels(images: torch.Tensor) -> torch.Tensor:
    """Drawn poses as the guider takes them: (F, R, R, 3) uint8 to (1, 3, F, R, R) float32 in [0, 1]."""
    return images.permute(3, 0, 1, 2).unsqueeze(0).contiguous().float() / 255.0


def _channels_first(image: UInt8Array) -> torch.Tensor:
    """(H, W, 3) uint8 to (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(image.copy()).permute(2, 0, 1).unsqueeze(0).float() / 255.0

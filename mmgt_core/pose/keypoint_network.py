"""The small network that finds the 134 keypoints of a drawn presenter, and says when a picture shows none."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import KeypointNetworkConfig
from mmgt_core.keypoints import FEET, LEGS, NUM_KEYPOINTS, Float32Array
from mmgt_core.pose.detector import VISIBLE, DetectedPerson
from mmgt_core.types import UInt8Array

INPUT_SIDE = 256
_LARGEST_SQUARE_PX = 1280
"""A longer picture is shrunk before it is made square: memory must not grow with the square of its length."""
_STRIDE = 4
_NEIGHBOURHOOD = 5
"""Cells around a map's peak whose centre of mass is the point."""
_MIN_PRESENCE = 0.5
_MIN_CONCENTRATION = 0.9
"""Mean share of a map that lies around its peak: 0.96 or more in presenters, 0.83 or less in photographs."""


@dataclass(frozen=True)
class KeypointMaps:
    """What the network gives: logits of each point's cell, (B, 134, h, w), and of there being a presenter, (B,)."""

    cells: torch.Tensor
    presence: torch.Tensor


class KeypointNetwork(nn.Module):
    """Convolutions down to 8x8 cells, where the whole figure is seen, and up again to 64x64 with skips."""

    def __init__(self, config: KeypointNetworkConfig) -> None:
        super().__init__()
        self.down = nn.ModuleList()
        channels = 3
        for width in config.widths:
            self.down.append(_Convolution(channels, width, stride=2))
            channels = width
        self.middle = nn.Sequential(_Convolution(channels, channels), _Convolution(channels, channels))
        self.presence = nn.Linear(channels, 1)
        self.up = nn.ModuleList()
        for skipped in reversed(config.widths[1:-1]):
            self.up.append(_Convolution(channels + skipped, config.decoder_width))
            channels = config.decoder_width
        self.out = nn.Sequential(_Convolution(channels, channels), nn.Conv2d(channels, NUM_KEYPOINTS, 1))

    def forward(self, pixels: torch.Tensor) -> KeypointMaps:
        """Args: pixels: (B, 3, 256, 256) in [-1, 1]. Gives maps of 64x64 cells."""
        hidden, skips = pixels, []
        for layer in self.down:
            hidden = layer(hidden)  # (B, C, H/2, W/2)
            skips.append(hidden)
        hidden = self.middle(hidden)
        presence = self.presence(hidden.mean(dim=(2, 3))).squeeze(1)  # (B,)
        for layer, skip in zip(self.up, reversed(skips[1:-1]), strict=True):
            hidden = F.interpolate(hidden, scale_factor=2.0, mode="nearest")  # (B, C, 2 h, 2 w)
            hidden = layer(torch.cat([hidden, skip], dim=1))
        return KeypointMaps(self.out(hidden), presence)  # (B, K, h, w)


class _Convolution(nn.Module):
    """3x3 convolution, norm, SiLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.norm = nn.GroupNorm(8, out_channels)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Args: hidden: (B, C, H, W). Gives (B, C', H/stride, W/stride)."""
        return F.silu(self.norm(self.convolution(hidden)))


def peaks(cells: torch.Tensor) -> torch.Tensor:
    """Where each map has its peak, by the centre of mass around it: (B, K, h, w) to (B, K, 3).

    x, y in pixels of the input; the third is the share of the map that lies around the peak, in [0, 1].
    """
    height, width = cells.shape[-2:]
    shares = cells.flatten(2).softmax(dim=-1)  # (B, K, h w)
    best = shares.argmax(dim=-1, keepdim=True)
    places = torch.arange(height * width, device=cells.device)
    rows, columns = places // width, places % width
    reach = _NEIGHBOURHOOD // 2
    is_near = ((rows - best // width).abs() <= reach) & ((columns - best % width).abs() <= reach)  # (B, K, h w)
    near = shares * is_near
    mass = near.sum(dim=-1)
    x, y = (near * columns).sum(dim=-1) / mass, (near * rows).sum(dim=-1) / mass
    to_pixels = (torch.stack([x, y], dim=-1) + 0.5) * _STRIDE - 0.5
    return torch.cat([to_pixels, mass.unsqueeze(-1)], dim=-1)


class PresenterDetector:
    """`WholeBodyDetector` of drawn presenters: one or none in a picture."""

    def __init__(self, network: KeypointNetwork) -> None:
        self._network = network.requires_grad_(False).eval()
        self._is_drawn = np.ones(NUM_KEYPOINTS, bool)
        self._is_drawn[[*range(FEET.start, FEET.stop), *LEGS]] = False

    @torch.inference_mode()
    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the presenter, or an empty list."""
        moderate, to_image = _shrunk(image)
        square, corner = _squared(moderate)
        side = square.shape[0]
        small = cv2.resize(square, (INPUT_SIDE, INPUT_SIDE), interpolation=cv2.INTER_AREA)
        pixels = rearrange(torch.from_numpy(small), "h w c -> 1 c h w").float() / 127.5 - 1
        maps = self._network(pixels)
        presence = float(maps.presence.sigmoid())
        keypoints: Float32Array = peaks(maps.cells)[0].numpy().astype(np.float32)
        if presence < _MIN_PRESENCE or keypoints[self._is_drawn, 2].mean() < _MIN_CONCENTRATION:
            return []
        keypoints[:, :2] = (keypoints[:, :2] + 0.5) * (side / INPUT_SIDE * to_image) - 0.5 - corner * to_image
        keypoints[:, 2] = np.where(self._is_drawn, presence, 0.0)
        seen = keypoints[keypoints[:, 2] > VISIBLE, :2]
        (x0, y0), (x1, y1) = seen.min(axis=0).tolist(), seen.max(axis=0).tolist()
        return [DetectedPerson(keypoints, (x0, y0, x1, y1), presence, is_drawn=True)]


def _shrunk(image: UInt8Array) -> tuple[UInt8Array, Float32Array]:
    """The picture at most `_LARGEST_SQUARE_PX` long, and the two factors back."""
    height, width = image.shape[:2]
    scale = max(height, width) / _LARGEST_SQUARE_PX
    if scale <= 1:
        return image, np.ones(2, np.float32)
    new_width, new_height = max(1, round(width / scale)), max(1, round(height / scale))
    small = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), np.array([width / new_width, height / new_height], np.float32)


def _squared(image: UInt8Array) -> tuple[UInt8Array, Float32Array]:
    """The picture made square by its border, and where its corner lies in the square."""
    height, width = image.shape[:2]
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    square = cv2.copyMakeBorder(
        image, top, side - height - top, left, side - width - left, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(square, np.uint8), np.array([left, top], np.float32)

"""The image autoencoder (sd-vae-ft-mse's shape): pixels to a Gaussian of latents, latents to pixels.

Keys and arithmetic are those of diffusers' AutoencoderKL, bit for bit; that class's import costs a worker's start
seconds (docs/decisions).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import VAEConfig

_EPS = 1e-6
_RGB = 3


@dataclass(frozen=True)
class Posterior:
    """A Gaussian of latents: its mean and the logarithm of its variance, each (B, C, h, w)."""

    mean: torch.Tensor
    logvar: torch.Tensor

    @property
    def std(self) -> torch.Tensor:
        """(B, C, h, w)."""
        return torch.exp(0.5 * self.logvar)

    @property
    def var(self) -> torch.Tensor:
        """(B, C, h, w)."""
        return torch.exp(self.logvar)


@dataclass(frozen=True)
class Encoded:
    """What `encode` gives."""

    latent_dist: Posterior


@dataclass(frozen=True)
class Decoded:
    """sample: (B, 3, H, W), about [-1, 1]."""

    sample: torch.Tensor


class ResidualBlock(nn.Module):
    """Two normalised convolutions beside a shortcut."""

    def __init__(self, in_channels: int, out_channels: int, num_groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(num_groups, in_channels, _EPS)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(num_groups, out_channels, _EPS)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, D, h, w)."""
        inner = self.conv1(F.silu(self.norm1(hidden)))  # (B, D, h, w)
        inner = self.conv2(F.silu(self.norm2(inner)))
        shortcut = hidden if self.conv_shortcut is None else self.conv_shortcut(hidden)
        return shortcut + inner


class SelfAttention(nn.Module):
    """Every place looks at every other, with one head."""

    def __init__(self, channels: int, num_groups: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(num_groups, channels, _EPS)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to the same."""
        places = hidden.flatten(2)  # (B, C, N)
        tokens = self.group_norm(places).transpose(1, 2)  # (B, N, C)
        query, key, value = (project(tokens)[:, None] for project in (self.to_q, self.to_k, self.to_v))  # (B, 1, N, C)
        seen = F.scaled_dot_product_attention(query, key, value)[:, 0]  # (B, N, C)
        return self.to_out[0](seen).transpose(1, 2).reshape(hidden.shape) + hidden


class Middle(nn.Module):
    """Residual, attention, residual at the smallest size."""

    def __init__(self, channels: int, num_groups: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([SelfAttention(channels, num_groups)])
        self.resnets = nn.ModuleList(ResidualBlock(channels, channels, num_groups) for _ in range(2))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to the same."""
        return self.resnets[1](self.attentions[0](self.resnets[0](hidden)))


class Halving(nn.Module):
    """A strided convolution whose edge is padded on the right and below only."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, C, h/2, w/2)."""
        return self.conv(F.pad(hidden, (0, 1, 0, 1)))


class Doubling(nn.Module):
    """Every place four times, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, C, 2h, 2w)."""
        return self.conv(F.interpolate(hidden, scale_factor=2.0, mode="nearest"))


class DownLevel(nn.Module):
    """Residual blocks, then half the size unless it is the last level."""

    def __init__(self, channels: Sequence[int], num_groups: int, is_last: bool) -> None:
        """Args: channels: before the first residual block and after each."""
        super().__init__()
        self.resnets = _residual_blocks(channels, num_groups)
        self.downsamplers = nn.ModuleList([] if is_last else [Halving(channels[-1])])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, D, h/2, w/2)."""
        for block in (*self.resnets, *self.downsamplers):
            hidden = block(hidden)
        return hidden


class UpLevel(nn.Module):
    """Residual blocks, then twice the size unless it is the last level."""

    def __init__(self, channels: Sequence[int], num_groups: int, is_last: bool) -> None:
        """Args: channels: before the first residual block and after each."""
        super().__init__()
        self.resnets = _residual_blocks(channels, num_groups)
        self.upsamplers = nn.ModuleList([] if is_last else [Doubling(channels[-1])])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, D, 2h, 2w)."""
        for block in (*self.resnets, *self.upsamplers):
            hidden = block(hidden)
        return hidden


class Encoder(nn.Module):
    """Pixels to the moments of their latents."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, groups, count = config.block_out_channels, config.norm_num_groups, config.layers_per_block
        befores = (widths[0], *widths[:-1])
        self.conv_in = nn.Conv2d(_RGB, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            DownLevel([before, *[after] * count], groups, is_last=level == len(widths) - 1)
            for level, (before, after) in enumerate(zip(befores, widths, strict=True))
        )
        self.mid_block = Middle(widths[-1], groups)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], _EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) to (B, 2 C, h, w)."""
        hidden = self.conv_in(pixels)
        for block in self.down_blocks:
            hidden = block(hidden)
        hidden = self.mid_block(hidden)
        return self.conv_out(F.silu(self.conv_norm_out(hidden)))


class Decoder(nn.Module):
    """Latents to pixels; each level has one residual block more than the encoder's."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        widths, groups = config.block_out_channels[::-1], config.norm_num_groups
        befores, count = (widths[0], *widths[:-1]), config.layers_per_block + 1
        self.conv_in = nn.Conv2d(config.latent_channels, widths[0], 3, padding=1)
        self.up_blocks = nn.ModuleList(
            UpLevel([before, *[after] * count], groups, is_last=level == len(widths) - 1)
            for level, (before, after) in enumerate(zip(befores, widths, strict=True))
        )
        self.mid_block = Middle(widths[0], groups)
        self.conv_norm_out = nn.GroupNorm(groups, widths[-1], _EPS)
        self.conv_out = nn.Conv2d(widths[-1], _RGB, 3, padding=1)

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """(B, C, h, w) to (B, 3, H, W)."""
        hidden = self.mid_block(self.conv_in(latents))
        for block in self.up_blocks:
            hidden = block(hidden)
        return self.conv_out(F.silu(self.conv_norm_out(hidden)))


class Autoencoder(nn.Module):
    """Both ways; latents are unscaled here, `config.scaling_factor` brings them to unit variance."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * config.latent_channels, 2 * config.latent_channels, 1)
        self.post_quant_conv = nn.Conv2d(config.latent_channels, config.latent_channels, 1)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.quant_conv.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.quant_conv.weight.dtype

    def encode(self, pixels: torch.Tensor) -> Encoded:
        """Args: pixels: (B, 3, H, W) in [-1, 1]."""
        mean, logvar = self.quant_conv(self.encoder(pixels)).chunk(2, dim=1)  # each (B, C, h, w)
        return Encoded(Posterior(mean, logvar.clamp(-30.0, 20.0)))

    def decode(self, latents: torch.Tensor) -> Decoded:
        """Args: latents: (B, C, h, w), unscaled."""
        return Decoded(self.decoder(self.post_quant_conv(latents)))


def _residual_blocks(channels: Sequence[int], num_groups: int) -> nn.ModuleList:
    return nn.ModuleList(ResidualBlock(before, after, num_groups) for before, after in pairwise(channels))

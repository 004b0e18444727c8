"""The residual block of both UNets."""

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.unet.layout import Convolution, group_norm


class ResidualBlock(nn.Module):
    """Twice group norm, SiLU and a convolution; the time is added between them, the input at the end."""

    def __init__(self, in_channels: int, out_channels: int, time_width: int, num_groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(num_groups, in_channels, eps=1e-5)
        self.conv1 = Convolution(in_channels, out_channels)
        self.time_emb_proj = nn.Linear(time_width, out_channels)
        self.norm2 = nn.GroupNorm(num_groups, out_channels, eps=1e-5)
        self.conv2 = Convolution(out_channels, out_channels)
        self.conv_shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, hidden: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """Args: hidden: (R, C, h, w). time: (R, D), or (1, D) of all rows, SiLU applied. Returns (R, C', h, w)."""
        residual = hidden if self.conv_shortcut is None else self.conv_shortcut(hidden)
        hidden = self.conv1(F.silu(group_norm(self.norm1, hidden)))
        hidden = hidden + self.time_emb_proj(time)[:, :, None, None]
        hidden = self.conv2(F.silu(group_norm(self.norm2, hidden)))
        return residual + hidden

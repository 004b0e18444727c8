"""Temporal attention over the frames of a window, at every pixel (paper §III-A, TA)."""

import torch
from torch import nn

from mmgt_core.unet.layout import as_image, as_tokens, group_norm
from mmgt_core.unet.projections import FeedForward, SelfAttention, attend


class TemporalAttention(nn.Module):
    """Self-attention over frames; the position is added to query, key and value alike (spec §9)."""

    position: torch.Tensor

    def __init__(self, width: int, num_heads: int, max_frames: int) -> None:
        super().__init__()
        self.attention = SelfAttention(width, num_heads)
        self.register_buffer("position", torch.zeros(1, max_frames, width))

    def forward(self, normed: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Args: normed: (B F, N, D); the result has the same shape. Positions count within the window."""
        series = normed.unflatten(0, (-1, num_frames)) + self.position[:, :num_frames, None]  # (B, F, N, D)
        projected = self.attention.project(series).flatten(2, 3)  # (B, F, N H, 3, d)
        query, key, value = projected.transpose(1, 2).unbind(3)  # (B, N H, F, d): a head of a pixel is a head
        attended = attend(query, key, value).view_as(normed)
        return self.attention.output(attended)


class MotionBlock(nn.Module):
    """Two temporal self-attentions and a feed-forward, all pre-norm."""

    def __init__(self, width: int, num_heads: int, max_frames: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = TemporalAttention(width, num_heads, max_frames)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = TemporalAttention(width, num_heads, max_frames)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(self, hidden: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Args: hidden: (B F, N, D); the result has the same shape."""
        hidden = hidden + self.attn1(self.norm1(hidden), num_frames)
        hidden = hidden + self.attn2(self.norm2(hidden), num_frames)
        return hidden + self.ff(self.norm3(hidden))


class MotionModule(nn.Module):
    """GroupNorm per frame, linear in, one `MotionBlock`, linear out, residual."""

    def __init__(self, channels: int, num_heads: int, max_frames: int, num_groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(num_groups, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.block = MotionBlock(channels, num_heads, max_frames)
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, hidden: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Args: hidden: (B F, C, h, w); the result has the same shape."""
        tokens = self.proj_in(as_tokens(group_norm(self.norm, hidden)))  # (B F, N, C)
        tokens = self.block(tokens, num_frames)
        tokens = self.proj_out(tokens)
        return as_image(tokens, hidden.shape[-2]) + hidden

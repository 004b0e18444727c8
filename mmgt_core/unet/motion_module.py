"""Temporal attention over the frames of a window, at every pixel (paper §III-A, TA)."""

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from einops import rearrange
from torch import nn


class TemporalAttention(nn.Module):
    """Self-attention over frames; the position is added to query, key and value alike (spec §9)."""

    position: torch.Tensor

    def __init__(self, width: int, num_heads: int, max_frames: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads=num_heads, dim_head=width // num_heads)
        self.register_buffer("position", torch.zeros(1, max_frames, width))

    def forward(self, normed: torch.Tensor, num_frames: int) -> torch.Tensor:
        """Args: normed: (B F, N, D); the result has the same shape. Positions count within the window."""
        num_tokens = normed.shape[1]
        series = rearrange(normed, "(b f) n d -> (b n) f d", f=num_frames)  # (B N, F, D)
        attended = self.attention(series + self.position[:, :num_frames])
        return rearrange(attended, "(b n) f d -> (b f) n d", n=num_tokens)  # (B F, N, D)


class MotionBlock(nn.Module):
    """Two temporal self-attentions and a feed-forward, all pre-norm."""

    def __init__(self, width: int, num_heads: int, max_frames: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = TemporalAttention(width, num_heads, max_frames)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = TemporalAttention(width, num_heads, max_frames)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width, activation_fn="geglu")

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
        height = hidden.shape[-2]
        tokens = rearrange(self.norm(hidden), "bf c h w -> bf (h w) c")  # (B F, N, C)
        tokens = self.proj_in(tokens)
        tokens = self.block(tokens, num_frames)
        tokens = self.proj_out(tokens)
        return rearrange(tokens, "bf (h w) c -> bf c h w", h=height) + hidden  # (B F, C, h, w)

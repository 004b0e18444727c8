"""Spatial attention with the reference read: the part of stage 2 that carries identity (paper §III-A, SA)."""

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from einops import rearrange, repeat
from torch import nn

from mmgt_core.unet.conditions import LayerConditions


class SpatialBlock(nn.Module):
    """Self-attention (with reference), cross-attention to the image token, feed-forward; all pre-norm."""

    def __init__(self, width: int, num_heads: int, cross_attention_dim: int) -> None:
        super().__init__()
        head_width = width // num_heads
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, heads=num_heads, dim_head=head_width)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = Attention(width, cross_attention_dim, heads=num_heads, dim_head=head_width)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width, activation_fn="geglu")

    def forward(
        self, hidden: torch.Tensor, image_tokens: torch.Tensor, reference: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the new hidden state and this layer's own reference features.

        Args:
            hidden: (B F, N, D).
            image_tokens: (B F, 1, D).
            reference: (rows, N, D) for the last `rows` of the B F rows, or None.
        """
        normed = self.norm1(hidden)
        hidden = hidden + self._attend(normed, reference)
        hidden = hidden + self.attn2(self.norm2(hidden), encoder_hidden_states=image_tokens)
        hidden = hidden + self.ff(self.norm3(hidden))
        return hidden, normed

    def _attend(self, normed: torch.Tensor, reference: torch.Tensor | None) -> torch.Tensor:
        """Attend within the frame and, in the rows that have one, to the reference (spec §10)."""
        if reference is None:
            return self.attn1(normed)
        num_free = len(normed) - len(reference)
        free, reading = normed[:num_free], normed[num_free:]
        read = self.attn1(reading, encoder_hidden_states=torch.cat([reading, reference], dim=1))
        return torch.cat([self.attn1(free), read]) if num_free else read


class SpatialAttention(nn.Module):
    """GroupNorm, 1x1 convolution in, one `SpatialBlock`, 1x1 convolution out, residual."""

    def __init__(self, name: str, channels: int, num_heads: int, cross_attention_dim: int, num_groups: int) -> None:
        """Args: name: the layer's name, under which reference features are written and read."""
        super().__init__()
        self.name = name
        self.norm = nn.GroupNorm(num_groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.block = SpatialBlock(channels, num_heads, cross_attention_dim)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, hidden: torch.Tensor, conditions: LayerConditions) -> torch.Tensor:
        """Args: hidden: (B F, C, h, w); the result has the same shape."""
        height = hidden.shape[-2]
        reference = None
        if conditions.reference_features is not None:
            features = conditions.reference_features[self.name]
            reference = repeat(features, "r n d -> (r f) n d", f=conditions.num_frames)
        tokens = self.proj_in(self.norm(hidden))
        tokens = rearrange(tokens, "bf c h w -> bf (h w) c")  # (B F, N, C)
        tokens, own_features = self.block(tokens, conditions.image_tokens, reference)
        if conditions.feature_sink is not None:
            conditions.feature_sink[self.name] = own_features
        tokens = rearrange(tokens, "bf (h w) c -> bf c h w", h=height)  # (B F, C, h, w)
        return self.proj_out(tokens) + hidden

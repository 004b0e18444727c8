"""MM-HAA: motion-masked hierarchical audio attention (paper §III-C, equations 21 to 23)."""

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from einops import rearrange
from torch import nn

from mmgt_core.types import RegionWeights
from mmgt_core.unet.conditions import AudioConditions, RegionTokens


class RegionBranch(nn.Module):
    """One region's audio cross-attention, mask and adapter."""

    def __init__(self, width: int, num_heads: int, audio_dim: int) -> None:
        super().__init__()
        self.attention = Attention(width, audio_dim, heads=num_heads, dim_head=width // num_heads)
        self.adapter = nn.Conv2d(width, width, 1)

    def forward(self, normed: torch.Tensor, audio_tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Adapter(mask · Attention(normed, audio)); the adapter's bias leaks outside the mask, as trained (spec §9).

        Args:
            normed: (B F, N, D).
            audio_tokens: (B F, M, D).
            mask: (B F, N).
        """
        side = int(normed.shape[1] ** 0.5)
        attended = self.attention(normed, encoder_hidden_states=audio_tokens)  # equation 21
        masked = attended * mask.unsqueeze(-1)  # equation 22
        masked = rearrange(masked, "bf (h w) d -> bf d h w", h=side)  # (B F, D, h, w)
        refined = self.adapter(masked)  # equation 23
        return rearrange(refined, "bf d h w -> bf (h w) d")  # (B F, N, D)


class AudioBlock(nn.Module):
    """Self-attention, the three weighted region branches, feed-forward; all pre-norm."""

    def __init__(self, width: int, num_heads: int, audio_dim: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, heads=num_heads, dim_head=width // num_heads)
        self.norm2 = nn.LayerNorm(width)
        self.background = RegionBranch(width, num_heads, audio_dim)
        self.face_hands = RegionBranch(width, num_heads, audio_dim)
        self.lips = RegionBranch(width, num_heads, audio_dim)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width, activation_fn="geglu")

    def forward(
        self, hidden: torch.Tensor, audio_tokens: torch.Tensor, masks: RegionTokens, weights: RegionWeights
    ) -> torch.Tensor:
        """Args: hidden: (B F, N, D). audio_tokens: (B F, M, D). masks: three (B F, N)."""
        background, face_hands, lips = masks
        hidden = hidden + self.attn1(self.norm1(hidden))
        normed = self.norm2(hidden)
        hidden = hidden + weights.background * self.background(normed, audio_tokens, background)
        hidden = hidden + weights.face_hands * self.face_hands(normed, audio_tokens, face_hands)
        hidden = hidden + weights.lips * self.lips(normed, audio_tokens, lips)
        return hidden + self.ff(self.norm3(hidden))


class AudioAttention(nn.Module):
    """GroupNorm, 1x1 convolution in, one `AudioBlock`, 1x1 convolution out, residual.

    The inner width can differ from the channels: published modules are narrower where a block widens (spec §9).
    """

    def __init__(self, channels: int, width: int, level: int, num_heads: int, audio_dim: int, num_groups: int) -> None:
        """Args: level: which level of the mask pyramid has this layer's resolution."""
        super().__init__()
        self.level = level
        self.norm = nn.GroupNorm(num_groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, width, 1)
        self.block = AudioBlock(width, num_heads, audio_dim)
        self.proj_out = nn.Conv2d(width, channels, 1)

    def forward(self, hidden: torch.Tensor, audio: AudioConditions) -> torch.Tensor:
        """Args: hidden: (B F, C, h, w); the result has the same shape."""
        height = hidden.shape[-2]
        tokens = self.proj_in(self.norm(hidden))
        tokens = rearrange(tokens, "bf d h w -> bf (h w) d")  # (B F, N, D)
        tokens = self.block(tokens, audio.tokens, audio.mask_levels[self.level], audio.region_weights)
        tokens = rearrange(tokens, "bf (h w) d -> bf d h w", h=height)  # (B F, D, h, w)
        return self.proj_out(tokens) + hidden

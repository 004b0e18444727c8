"""SMGA's parts: rotary positions, FiLM, the condition encoder's and the decoder's layers (paper §III-B, fig. 5)."""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import SMGAConfig


def rotate(hidden: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
    """Rotate neighbouring pairs of features by position · frequency.

    The whole width is rotated before the projections to queries and keys, not head by head after them: the weights
    were trained so (spec §3.3).

    Args:
        hidden: (B, N, D).
        frequencies: (D/2,).
    """
    positions = torch.arange(hidden.shape[1], device=hidden.device, dtype=frequencies.dtype)
    angles = torch.outer(positions, frequencies).repeat_interleave(2, dim=-1)  # (N, D)
    pairs = rearrange(hidden, "b n (d two) -> b n d two", two=2)
    turned = torch.stack([-pairs[..., 1], pairs[..., 0]], dim=-1).flatten(-2)  # (B, N, D)
    return hidden * angles.cos().to(hidden.dtype) + turned * angles.sin().to(hidden.dtype)


class FiLM(nn.Module):
    """Feature-wise scale and shift from the time-and-audio embedding (equations 13 to 15)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)

    def forward(self, hidden: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """Args: hidden: (B, N, D). embedding: (B, D)."""
        scale, shift = self.linear(F.mish(embedding)).unsqueeze(1).chunk(2, dim=-1)  # (B, 1, D) each
        return hidden * (scale + 1) + shift


class NoModulation(nn.Module):
    """In FiLM's place in table V's ablation: time reaches the layers through the memory's time tokens alone."""

    def forward(self, hidden: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """Give `hidden` back."""
        return hidden


def modulation(width: int, has_film: bool) -> FiLM | NoModulation:
    """FiLM, or what the ablation puts in its place."""
    return FiLM(width) if has_film else NoModulation()


class ConditionLayer(nn.Module):
    """One pre-norm encoder layer over the speech tokens."""

    def __init__(self, width: int, num_heads: int, feedforward_width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.self_attn = nn.MultiheadAttention(width, num_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, feedforward_width)
        self.linear2 = nn.Linear(feedforward_width, width)

    def forward(self, hidden: torch.Tensor, frequencies: torch.Tensor) -> torch.Tensor:
        """Args: hidden: (B, N, D); the result has the same shape."""
        normed = self.norm1(hidden)
        rotated = rotate(normed, frequencies)
        hidden = hidden + self.self_attn(rotated, rotated, normed, need_weights=False)[0]
        return hidden + self.linear2(F.gelu(self.linear1(self.norm2(hidden))))


class MotionBranch(nn.Module):
    """One motion block of fig. 5, for the face or the body: self-attention and cross-attention, each through FiLM."""

    def __init__(self, width: int, num_heads: int, has_film: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.self_attn = nn.MultiheadAttention(width, num_heads, batch_first=True)
        self.film1 = modulation(width, has_film)
        self.norm2 = nn.LayerNorm(width)
        self.cross_attn = nn.MultiheadAttention(width, num_heads, batch_first=True)
        self.film2 = modulation(width, has_film)

    def forward(
        self, hidden: torch.Tensor, memory: torch.Tensor, embedding: torch.Tensor, frequencies: torch.Tensor
    ) -> torch.Tensor:
        """Args: hidden: (B, F, D). memory: (B, F + 2, D), speech and time tokens. embedding: (B, D)."""
        normed = self.norm1(hidden)
        rotated = rotate(normed, frequencies)
        attended = self.self_attn(rotated, rotated, normed, need_weights=False)[0]  # equation 11
        hidden = hidden + self.film1(attended, embedding)
        query, key = rotate(self.norm2(hidden), frequencies), rotate(memory, frequencies)
        attended = self.cross_attn(query, key, memory, need_weights=False)[0]  # equation 12
        return hidden + self.film2(attended, embedding)


class DecoderLayer(nn.Module):
    """Both motion branches and the merge: sum, feed-forward through FiLM."""

    def __init__(self, config: SMGAConfig) -> None:
        super().__init__()
        width = config.width
        self.face = MotionBranch(width, config.num_heads, config.has_film)
        self.body = MotionBranch(width, config.num_heads, config.has_film) if config.has_two_branches else None
        self.norm_final = nn.LayerNorm(width)
        self.linear1 = nn.Linear(width, config.feedforward_width)
        self.linear2 = nn.Linear(config.feedforward_width, width)
        self.film_final = modulation(width, config.has_film)

    def forward(
        self,
        face: torch.Tensor,
        body: torch.Tensor,
        memory: torch.Tensor,
        embedding: torch.Tensor,
        frequencies: torch.Tensor,
    ) -> torch.Tensor:
        """Merge the two streams, (B, F, D) each, into one; in the ablation `face` is the only one."""
        merged = self.face(face, memory, embedding, frequencies)
        if self.body is not None:
            merged = merged + self.body(body, memory, embedding, frequencies)
        refined = self.linear2(F.gelu(self.linear1(self.norm_final(merged))))
        return merged + self.film_final(refined, embedding)

"""MM-HAA: motion-masked hierarchical audio attention (paper §III-C, equations 21 to 23)."""

from typing import cast

import torch
from torch import nn

from mmgt_core.unet.conditions import JoinedRegions, LayerConditions
from mmgt_core.unet.layout import as_image, as_tokens, group_norm, pointwise
from mmgt_core.unet.projections import CrossAttention, FeedForward, SelfAttention, attend


class RegionBranch(nn.Module):
    """One region's parameters: adapter(mask · attention(hidden, audio))."""

    def __init__(self, width: int, num_heads: int, audio_dim: int) -> None:
        super().__init__()
        self.attention = CrossAttention(width, audio_dim)
        self.adapter = nn.Conv2d(width, width, 1)


class AudioBlock(nn.Module):
    """Self-attention, the three weighted region branches, feed-forward; all pre-norm.

    A mask is one number a token, so it passes through the linear maps behind it: each branch's adapter and output
    projection are one matrix, and the sum of the branches is one product (decision 0021).
    """

    def __init__(self, width: int, num_heads: int, audio_dim: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = SelfAttention(width, num_heads)
        self.norm2 = nn.LayerNorm(width)
        self.background = RegionBranch(width, num_heads, audio_dim)
        self.face_hands = RegionBranch(width, num_heads, audio_dim)
        self.lips = RegionBranch(width, num_heads, audio_dim)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    @property
    def regions(self) -> tuple[RegionBranch, RegionBranch, RegionBranch]:
        """In the order of `MotionMasks.regions`."""
        return self.background, self.face_hands, self.lips

    def joined_regions(self) -> JoinedRegions:
        """The three branches' parameters as products over all of them."""
        outputs, under_masks, everywhere = [], [], []
        for region in self.regions:
            adapter, output = region.adapter.weight.flatten(1), region.attention.output
            outputs.append((adapter @ output.weight).T)  # (D, D)
            under_masks.append(adapter @ output.bias)  # (D,)
            everywhere.append(cast(torch.Tensor, region.adapter.bias))
        queries = torch.cat([region.attention.to_q.weight for region in self.regions])
        return JoinedRegions(queries, torch.cat(outputs), torch.stack([*under_masks, *everywhere]))

    def keys_values(self, audio_tokens: torch.Tensor) -> torch.Tensor:
        """Keys and values of the three branches: (R, M, D) to (R, M, 2, 3 H, d)."""
        keys = [region.attention.to_k.weight for region in self.regions]
        values = [region.attention.to_v.weight for region in self.regions]
        projected = audio_tokens @ torch.cat([*keys, *values]).T
        return projected.unflatten(-1, (2, 3 * self.num_heads, -1))

    def forward(
        self, hidden: torch.Tensor, regions: JoinedRegions, speech: torch.Tensor, masks: torch.Tensor
    ) -> torch.Tensor:
        """Args: hidden: (B F, N, D). speech: (W F, M, 2, 3 H, d). masks: (W F, N, 6); see `PreparedWindow`."""
        hidden = hidden + self.attn1(self.norm1(hidden))
        num_deaf = len(hidden) - len(speech)
        hearing = self._hear(hidden[num_deaf:], regions, speech, masks)
        if num_deaf:
            # Without speech all values are zero: what is left of attention is its bias.
            deaf = _plus_product(hidden[:num_deaf], masks[:num_deaf], regions.constants)
            hearing = torch.cat([deaf, hearing])
        return hearing + self.ff(self.norm3(hearing))

    def _hear(
        self, hidden: torch.Tensor, regions: JoinedRegions, speech: torch.Tensor, masks: torch.Tensor
    ) -> torch.Tensor:
        """Equations 21 to 23 and their sum: (W F, N, D)."""
        query = (self.norm2(hidden) @ regions.queries.T).unflatten(-1, (3 * self.num_heads, -1))
        key, value = speech.permute(2, 0, 3, 1, 4)  # (W F, 3 H, M, d)
        attended = attend(query.transpose(1, 2), key, value)  # equation 21: (W F, N, 3 D)
        masked = attended.unflatten(-1, (3, -1)) * masks[:, :, :3, None]  # equation 22
        hidden = _plus_product(hidden, masks, regions.constants)
        return _plus_product(hidden, masked.flatten(2), regions.outputs)  # equation 23


def _plus_product(hidden: torch.Tensor, rows: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """hidden + rows · matrix: (R, N, D) and (R, N, K) · (K, D)."""
    return torch.addmm(hidden.flatten(0, 1), rows.flatten(0, 1), matrix).view_as(hidden)


class AudioAttention(nn.Module):
    """GroupNorm, 1x1 convolution in, one `AudioBlock`, 1x1 convolution out, residual.

    The inner width can differ from the channels: published modules are narrower where a block widens (spec §9).
    """

    def __init__(
        self, name: str, channels: int, width: int, level: int, num_heads: int, audio_dim: int, num_groups: int
    ) -> None:
        """Args: name: under which a window's speech is read. level: of the mask pyramid at this resolution."""
        super().__init__()
        self.name = name
        self.level = level
        self.norm = nn.GroupNorm(num_groups, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, width, 1)
        self.block = AudioBlock(width, num_heads, audio_dim)
        self.proj_out = nn.Conv2d(width, channels, 1)

    def forward(self, hidden: torch.Tensor, conditions: LayerConditions) -> torch.Tensor:
        """Args: hidden: (B F, C, h, w); the result has the same shape."""
        tokens = pointwise(self.proj_in, as_tokens(group_norm(self.norm, hidden)))  # (B F, N, D)
        regions, speech = conditions.clip.regions[self.name], conditions.speech[self.name]
        tokens = self.block(tokens, regions, speech, conditions.masks[self.level])
        return as_image(pointwise(self.proj_out, tokens), hidden.shape[-2]) + hidden

"""Spatial attention with the reference read: the part of stage 2 that carries identity (paper §III-A, SA)."""

import torch
from einops import repeat
from torch import nn

from mmgt_core.unet.conditions import LayerConditions, PreparedClip
from mmgt_core.unet.layout import as_image, as_tokens, group_norm, pointwise
from mmgt_core.unet.projections import CrossAttention, FeedForward, SelfAttention, attend


class SpatialBlock(nn.Module):
    """Self-attention (with reference), cross-attention to the image token, feed-forward; all pre-norm.

    There is one image token, so its attention weighs it by 1 whatever the query: what it adds is `image_constant`, and
    `norm2`, `attn2.to_q` and `attn2.to_k`, which files have, are not read.
    """

    def __init__(self, width: int, num_heads: int, cross_attention_dim: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = SelfAttention(width, num_heads)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = CrossAttention(width, cross_attention_dim)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def image_constant(self, image_tokens: torch.Tensor) -> torch.Tensor:
        """What attention to the image adds everywhere: (R, 1, D) to (R, D). No image: its last bias."""
        return self.attn2.output(self.attn2.to_v(image_tokens[:, 0]))

    def forward(
        self, hidden: torch.Tensor, image: torch.Tensor, reference: torch.Tensor | None, num_frames: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the new hidden state and this layer's own reference features.

        Args:
            hidden: (B F, N, D).
            image: what attention to the image adds, (B, 1, 1, D).
            reference: keys and values, (R', N, H, 2, d), of the last R' batch rows, or None.
            num_frames: F.
        """
        normed = self.norm1(hidden)
        hidden = hidden + self._attend(normed, reference, num_frames)
        hidden = (hidden.unflatten(0, (-1, num_frames)) + image).flatten(0, 1)
        hidden = hidden + self.ff(self.norm3(hidden))
        return hidden, normed

    def _attend(self, normed: torch.Tensor, reference: torch.Tensor | None, num_frames: int) -> torch.Tensor:
        """Attend within the frame and, in the rows that have one, to the reference (spec §10)."""
        if reference is None:
            return self.attn1(normed)
        projected = self.attn1.project(normed)  # (B F, N, H, 3, d)
        num_free = len(projected) - len(reference) * num_frames
        free, reading = projected[:num_free], projected[num_free:]
        seen = repeat(reference, "r n a k d -> (r f) n a k d", f=num_frames)
        key, value = torch.cat([reading[:, :, :, 1:], seen], dim=1).transpose(1, 2).unbind(3)  # (R' F, H, 2 N, d)
        attended = attend(reading[:, :, :, 0].transpose(1, 2), key, value)  # (R' F, N, D)
        if num_free:
            attended = torch.cat([attend(*free.transpose(1, 2).unbind(3)), attended])  # (B F, N, D)
        return self.attn1.output(attended)


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
        tokens = as_tokens(group_norm(self.norm, hidden))  # (B F, N, C)
        tokens = pointwise(self.proj_in, tokens)
        image, reference = conditions.image[self.name], conditions.clip.reference.get(self.name)
        tokens, own_features = self.block(tokens, image, reference, conditions.num_frames)
        if conditions.feature_sink is not None:
            conditions.feature_sink[self.name] = own_features
        tokens = pointwise(self.proj_out, tokens)
        return as_image(tokens, hidden.shape[-2]) + hidden


def prepared_image(network: nn.Module, image_tokens: torch.Tensor) -> PreparedClip:
    """What the image's token, (R, 1, D), adds in every spatial layer of a UNet."""
    layers = [module for module in network.modules() if isinstance(module, SpatialAttention)]
    return PreparedClip(
        image=torch.cat([layer.block.image_constant(image_tokens) for layer in layers], dim=-1),
        no_image=torch.cat([layer.block.attn2.output.bias for layer in layers])[None],
        image_widths={layer.name: layer.block.attn2.output.out_features for layer in layers},
    )

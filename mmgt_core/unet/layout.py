"""How activations lie in memory: channels last, so that an image is its tokens and no layer turns anything round."""

from typing import TypeVar

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

Network = TypeVar("Network", bound=nn.Module)
_FEW_CELLS = 64
"""Of all rows together. At 128 both ways take as long, at 256 the library is faster."""


def channels_last(network: Network) -> Network:
    """Lay a network's convolution weights as the activations lie; otherwise each call turns them round anew."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def as_tokens(hidden: torch.Tensor) -> torch.Tensor:
    """(R, C, h, w) to (R, N, C): a view of channels-last memory."""
    return hidden.permute(0, 2, 3, 1).flatten(1, 2)


def as_image(tokens: torch.Tensor, height: int) -> torch.Tensor:
    """(R, N, C) to (R, C, h, w), channels last: a view."""
    return tokens.unflatten(1, (height, -1)).permute(0, 3, 1, 2)


def pointwise(convolution: nn.Conv2d, tokens: torch.Tensor) -> torch.Tensor:
    """A 1x1 convolution of tokens, (R, N, C) to (R, N, D): the product that it is."""
    return F.linear(tokens, convolution.weight.flatten(1), convolution.bias)


class Convolution(nn.Conv2d):
    """A 3x3 convolution, (R, C, h, w), channels last in and out.

    On a CPU the library turns a large layer's weights round at each call. Of few cells that takes longer than the whole
    convolution as one product of patches, which reads weights as they lie: a third to a sixth of the time at 1 280
    channels and 8 to 32 cells.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, 3, stride=stride, padding=1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(R, C, h, w) to (R, C', h', w')."""
        (stride, _), (rows, _, height, width) = self.stride, hidden.shape
        if hidden.device.type != "cpu" or rows * -(-height // stride) * -(-width // stride) > _FEW_CELLS:
            return super().forward(hidden)
        framed = F.pad(hidden.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))  # (R, h + 2, w + 2, C)
        patches = framed.unfold(1, 3, stride).unfold(2, 3, stride)  # (R, h', w', C, 3, 3)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)  # (C', 9 C)
        return F.linear(patches.permute(0, 1, 2, 4, 5, 3).flatten(3), weight, self.bias).permute(0, 3, 1, 2)


def group_norm(norm: nn.GroupNorm, hidden: torch.Tensor) -> torch.Tensor:
    """Group norm, (R, C, h, w), channels last in and out.

    On a CPU the library's kernel for this layout takes the variance as a difference of squares: where a group's mean is
    ten times its spread, float32 keeps three digits. A group's own shift changes nothing, so its mean goes first.
    """
    if hidden.device.type == "cpu":
        grouped = rearrange(hidden, "r (g c) h w -> r g c h w", g=norm.num_groups)
        hidden = (grouped - grouped.mean(dim=(2, 3, 4), keepdim=True)).flatten(1, 2)
        if torch.is_grad_enabled() and not hidden.requires_grad:
            hidden = hidden.contiguous()  # that kernel's backward writes a gradient that nobody asked for
    return norm(hidden)


def fold_frames(video: torch.Tensor) -> torch.Tensor:
    """(B, C, F, h, w) to (B F, C, h, w), channels last."""
    rows = rearrange(video, "b c f h w -> (b f) c h w")
    return rows.contiguous(memory_format=torch.channels_last)


def unfold_frames(rows: torch.Tensor, num_frames: int) -> torch.Tensor:
    """(B F, C, h, w) to (B, C, F, h, w)."""
    return rearrange(rows, "(b f) c h w -> b c f h w", f=num_frames)

"""Attention and feed-forward with few and large products; files keep every projection under its published name."""

import math
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional as F

_JOINED = "to_qkv"
_PARTS = ("to_q.weight", "to_k.weight", "to_v.weight")
"""What files call the three parts of the joined projection."""


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Softmax attention in each head: (R, H, N, d) and twice (R, H, M, d) to (R, N, H d), as kernels leave it."""
    return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head attention whose query, key and value read the same input: one product makes all three.

    Joined as (H, 3, d), so that heads and tokens lie one after another and temporal attention needs no copies.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.to_qkv = nn.Parameter(torch.empty(3 * width, width))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])
        nn.init.kaiming_uniform_(self.to_qkv, a=math.sqrt(5))  # as `nn.Linear` draws each of them

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Attend within each row. Args: hidden: (R, N, D); the result has the same shape."""
        query, key, value = self.project(hidden).transpose(1, 2).unbind(3)  # (R, H, N, d) each
        return self.output(attend(query, key, value))

    @property
    def output(self) -> nn.Linear:
        """The last projection, (R, N, D)."""
        return cast(nn.Linear, self.to_out[0])

    def project(self, hidden: torch.Tensor) -> torch.Tensor:
        """Queries, keys and values of every head: (…, D) to (…, H, 3, d)."""
        return F.linear(hidden, self.to_qkv).unflatten(-1, (self.num_heads, 3, -1))

    def keys_values(self, hidden: torch.Tensor) -> torch.Tensor:
        """Keys and values alone: (R, N, D) to (R, N, H, 2, d)."""
        weights = self.to_qkv.unflatten(0, (self.num_heads, 3, -1))[:, 1:]  # (H, 2, d, D)
        return F.linear(hidden, weights.flatten(0, 2)).unflatten(-1, (self.num_heads, 2, -1))

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        joined = destination.pop(prefix + _JOINED).unflatten(0, (self.num_heads, 3, -1))  # (H, 3, d, D)
        for index, part in enumerate(_PARTS):
            destination[prefix + part] = joined[:, index].flatten(0, 1)  # (D, D)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *arguments: object) -> None:
        if all(prefix + part in state_dict for part in _PARTS):
            parts = [state_dict.pop(prefix + part).unflatten(0, (self.num_heads, -1)) for part in _PARTS]
            state_dict[prefix + _JOINED] = torch.stack(parts, dim=1).flatten(0, 2)
        super()._load_from_state_dict(state_dict, prefix, *arguments)


class CrossAttention(nn.Module):
    """The projections of an attention to other tokens; whoever uses it says which of them it needs."""

    def __init__(self, width: int, token_width: int) -> None:
        super().__init__()
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(token_width, width, bias=False)
        self.to_v = nn.Linear(token_width, width, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    @property
    def output(self) -> nn.Linear:
        """The last projection, (R, N, D)."""
        return cast(nn.Linear, self.to_out[0])


class _Gate(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 8 * width)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        value, gate = self.proj(hidden).chunk(2, dim=-1)
        return value * F.gelu(gate)  # (R, N, 4 D)


class FeedForward(nn.Module):
    """Linear, gated by GELU, linear; four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.ModuleDict({"0": _Gate(width), "2": nn.Linear(4 * width, width)})  # as files number them

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Args: hidden: (R, N, D); the result has the same shape."""
        return self.net["2"](self.net["0"](hidden))

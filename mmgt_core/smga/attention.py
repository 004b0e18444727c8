"""SMGA's attention: rotary positions, projections of contiguous rows, keys and values that can be made beforehand."""

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class RotaryTable:
    """Cosines and signed sines of position · frequency: each (N, D), every frequency twice.

    The sine of each pair's first feature is negative, so that turning needs no other sign.
    """

    cosines: torch.Tensor
    sines: torch.Tensor

    def positions(self, first: int, count: int) -> "RotaryTable":
        """Some positions of it."""
        return RotaryTable(self.cosines[first : first + count], self.sines[first : first + count])


def rotary_table(frequencies: torch.Tensor, num_positions: int) -> RotaryTable:
    """The table of positions 0 to `num_positions`, of frequencies (D/2,)."""
    positions = torch.arange(num_positions, device=frequencies.device, dtype=frequencies.dtype)
    angles = torch.outer(positions, frequencies)  # (N, D/2)
    sines = angles.sin()
    return RotaryTable(angles.cos().repeat_interleave(2, dim=-1), torch.stack([-sines, sines], dim=-1).flatten(-2))


def rotate(hidden: torch.Tensor, table: RotaryTable) -> torch.Tensor:
    """Rotate neighbouring pairs of features, (B, N, D), by the table of their N positions.

    The whole width is rotated before the projections to queries and keys, not head by head after them: the weights
    were trained so (spec §3.3).
    """
    swapped = hidden.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)  # (B, N, D)
    return torch.addcmul(hidden * table.cosines.to(hidden.dtype), swapped, table.sines.to(hidden.dtype))


@dataclass(frozen=True)
class KeysValues:
    """What an attention looks at: keys and values, each (B, heads, N, D/heads)."""

    keys: torch.Tensor
    values: torch.Tensor

    def followed_by(self, more: "KeysValues") -> "KeysValues":
        """The tokens of both, one after the other."""
        return KeysValues(torch.cat([self.keys, more.keys], dim=2), torch.cat([self.values, more.values], dim=2))

    def rows(self, first: int, count: int) -> "KeysValues":
        """Some rows of the batch."""
        return KeysValues(self.keys[first : first + count], self.values[first : first + count])


class Attention(nn.Module):
    """Multi-head attention with one weight for queries, keys and values, as the published file has it."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.width, self.num_heads, self.head_width = width, num_heads, width // num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, rotated: torch.Tensor, plain: torch.Tensor) -> torch.Tensor:
        """Attend within one sequence, (B, N, D): queries and keys from it rotated, values from it as it is."""
        width, weight, bias = self.width, self.in_proj_weight, self.in_proj_bias
        queries, keys = F.linear(rotated, weight[: 2 * width], bias[: 2 * width]).chunk(2, dim=-1)
        values = F.linear(plain, weight[2 * width :], bias[2 * width :])
        return self._attend(queries, KeysValues(self._in_heads(keys), self._in_heads(values)))

    def look_at(self, rotated: torch.Tensor, memory: KeysValues) -> torch.Tensor:
        """Attend from a rotated sequence, (B, N, D), to a memory of B rows."""
        queries = F.linear(rotated, self.in_proj_weight[: self.width], self.in_proj_bias[: self.width])
        return self._attend(queries, memory)

    def keys_values(self, rotated: torch.Tensor, plain: torch.Tensor) -> KeysValues:
        """The keys and values of tokens, (B, N, D): keys from them rotated, values from them as they are."""
        width = self.width
        _, key_weight, value_weight = self.in_proj_weight.split(width)
        _, key_bias, value_bias = self.in_proj_bias.split(width)
        keys, values = F.linear(rotated, key_weight, key_bias), F.linear(plain, value_weight, value_bias)
        return KeysValues(self._in_heads(keys), self._in_heads(values))

    def _attend(self, queries: torch.Tensor, memory: KeysValues) -> torch.Tensor:
        attended = F.scaled_dot_product_attention(self._in_heads(queries), memory.keys, memory.values)
        return self.out_proj(rearrange(attended, "b h n d -> b n (h d)"))

    def _in_heads(self, tokens: torch.Tensor) -> torch.Tensor:
        return rearrange(tokens, "b n (h d) -> b h n d", h=self.num_heads)

"""The timestep as both UNets hear it: sines and cosines, then two layers.

Keys and arithmetic are those of the classes of the same names in diffusers, bit for bit.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

_LONGEST_PERIOD = 10_000


class Timesteps(nn.Module):
    """Cosines, then sines, of falling rates."""

    def __init__(self, width: int) -> None:
        """Args: width: even."""
        super().__init__()
        self.num_rates = width // 2

    def forward(self, timesteps: torch.Tensor) -> torch.Tensor:
        """(B,) to (B, width) float32."""
        places = torch.arange(self.num_rates, dtype=torch.float32, device=timesteps.device)
        rates = torch.exp(-math.log(_LONGEST_PERIOD) * places / self.num_rates)
        angles = timesteps[:, None].float() * rates[None, :]  # (B, width / 2)
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class TimestepEmbedding(nn.Module):
    """From the waves to what residual blocks add."""

    def __init__(self, in_width: int, out_width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(in_width, out_width)
        self.linear_2 = nn.Linear(out_width, out_width)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        """(B, in) to (B, out)."""
        return self.linear_2(F.silu(self.linear_1(waves)))

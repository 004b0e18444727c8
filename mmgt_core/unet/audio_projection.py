"""From a frame's stacked wav2vec features to its audio context tokens (spec §6)."""

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import AudioProjectionConfig


class AudioProjection(nn.Module):
    """Three linear layers and a norm, per frame."""

    def __init__(self, config: AudioProjectionConfig) -> None:
        super().__init__()
        self.num_tokens = config.tokens
        self.proj1 = nn.Linear(config.window_frames * config.num_layers * config.features, config.hidden)
        self.proj2 = nn.Linear(config.hidden, config.hidden)
        self.proj3 = nn.Linear(config.hidden, config.tokens * config.token_features)
        self.norm = nn.LayerNorm(config.token_features)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Args: features: (B, F, A, layers, D). Returns (B, F, M, D)."""
        flat = rearrange(features, "b f a n d -> b f (a n d)")
        hidden = F.relu(self.proj1(flat))
        hidden = F.relu(self.proj2(hidden))
        tokens = rearrange(self.proj3(hidden), "b f (m d) -> b f m d", m=self.num_tokens)  # (B, F, M, D)
        return self.norm(tokens)

"""SMGA: from noisy poses, the initial pose and speech features to the clean poses (paper §III-B, equations 5 to 10)."""

import math
from dataclasses import dataclass

import torch
from einops import rearrange, repeat
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE
from mmgt_core.smga.layers import ConditionLayer, DecoderLayer, rotate

__all__ = ["SMGA", "SpeechCondition", "rotate", "time_sinusoid"]

_FACE_VALUES = slice(3 * FACE.start, 3 * FACE.stop)


@dataclass(frozen=True)
class SpeechCondition:
    """Speech as SMGA sees it, the same at every diffusion step: tokens (B, F, D), pooled hidden (B, D)."""

    tokens: torch.Tensor
    hidden: torch.Tensor


def time_sinusoid(timesteps: torch.Tensor, width: int) -> torch.Tensor:
    """Sinusoidal embedding, sines then cosines: (B,) to (B, D) (spec §3.6)."""
    half = width // 2
    exponent = torch.arange(half, device=timesteps.device) * -(math.log(10000) / (half - 1))
    angles = timesteps[:, None] * exponent.exp()[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class SMGA(nn.Module):
    """The Spatial Mask-Guided Audio2Pose network; predicts the clean sequence (x0) directly."""

    null_tokens: nn.Parameter
    rotary_frequencies: torch.Tensor

    def __init__(self, config: SMGAConfig) -> None:
        super().__init__()
        width = config.width
        self.width = width
        self.has_two_branches = config.has_two_branches
        exponents = torch.arange(0, width, 2).float() / width
        self.register_buffer("rotary_frequencies", 1.0 / (10000**exponents))
        self.input_projection = nn.Linear(2 * config.pose_features, width)
        self.condition_projection = nn.Linear(config.condition_features, width)
        self.condition_encoder = nn.ModuleList(
            ConditionLayer(width, config.num_heads, config.feedforward_width)
            for _ in range(config.num_condition_layers)
        )
        self.null_tokens = nn.Parameter(torch.randn(1, config.segment_frames, width))
        self.null_hidden = nn.Parameter(torch.randn(1, width))
        self.pooled_norm = nn.LayerNorm(width)
        self.pooled_in = nn.Linear(width, width)
        self.pooled_out = nn.Linear(width, width)
        self.time_in = nn.Linear(width, 4 * width)
        self.time_to_embedding = nn.Linear(4 * width, width)
        self.time_to_tokens = nn.Linear(4 * width, 2 * width)
        self.norm_memory = nn.LayerNorm(width)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_layers))
        self.final_layer = nn.Linear(width, config.pose_features)

    def encode_condition(self, condition: torch.Tensor, keep: torch.Tensor) -> SpeechCondition:
        """Encode speech features; where they are dropped, the learned nulls stand instead.

        Args:
            condition: (B or 1, F, features).
            keep: (B,), bool; False drops the condition of that row.
        """
        tokens = self.condition_projection(condition)  # (B, F, D)
        for layer in self.condition_encoder:
            tokens = layer(tokens, self.rotary_frequencies)
        tokens = torch.where(keep[:, None, None], tokens, self.null_tokens.to(tokens.dtype))
        pooled = self.pooled_norm(tokens.mean(dim=1))  # (B, D)
        hidden = self.pooled_out(F.silu(self.pooled_in(pooled)))
        hidden = torch.where(keep[:, None], hidden, self.null_hidden.to(hidden.dtype))
        return SpeechCondition(tokens, hidden)

    def forward(
        self, noisy_pose: torch.Tensor, initial_pose: torch.Tensor, speech: SpeechCondition, timesteps: torch.Tensor
    ) -> torch.Tensor:
        """Predict the clean pose sequence, (B, F, 402), normalised.

        Args:
            noisy_pose: (B, F, 402).
            initial_pose: (B, 402), the first frame's pose, normalised, legs removed.
            speech: of B rows.
            timesteps: (B,), integers in [0, 1000).

        Source: equations 5 to 15; spec §3.
        """
        num_frames = noisy_pose.shape[1]
        first = repeat(initial_pose, "b d -> b f d", f=num_frames)
        pose = torch.cat([noisy_pose, first], dim=-1)  # (B, F, 804), equation 5 by concatenation
        is_face = self._face_features(pose)
        face = self.input_projection(pose * is_face)  # (B, F, D), equations 6 to 9
        body = self.input_projection(pose * ~is_face)  # (B, F, D)

        time = F.mish(self.time_in(time_sinusoid(timesteps, self.width).to(pose.dtype)))  # (B, 4 D)
        embedding = self.time_to_embedding(time) + speech.hidden  # (B, D), equation 13
        time_tokens = rearrange(self.time_to_tokens(time), "b (two d) -> b two d", two=2)
        memory = self.norm_memory(torch.cat([speech.tokens, time_tokens], dim=1))  # (B, F + 2, D)

        merged = face
        for layer in self.layers:
            # Each layer takes the merged output as face stream and the first body state as body stream: the weights
            # were trained with this (spec §3.9).
            merged = layer(merged, body, memory, embedding, self.rotary_frequencies)
        return self.final_layer(merged)

    def _face_features(self, pose: torch.Tensor) -> torch.Tensor:
        """Equation 7: True where a feature belongs to the face, in both halves; (804,) bool.

        Without two branches, everything is the first one's.
        """
        is_face = torch.zeros(pose.shape[-1] // 2, dtype=torch.bool, device=pose.device)
        is_face[_FACE_VALUES if self.has_two_branches else slice(None)] = True
        return is_face.repeat(2)

"""SMGA: from noisy poses, the initial pose and speech features to the clean poses (paper §III-B, equations 5 to 10)."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import SMGAConfig
from mmgt_core.keypoints import FACE
from mmgt_core.smga.attention import KeysValues, RotaryTable, rotary_table, rotate
from mmgt_core.smga.layers import ConditionLayer, DecoderLayer, LayerCondition

_FACE_VALUES = slice(3 * FACE.start, 3 * FACE.stop)


@dataclass(frozen=True)
class SpeechCondition:
    """Speech as SMGA sees it, the same at every diffusion step: tokens (B, F, D), pooled hidden (B, D)."""

    tokens: torch.Tensor
    hidden: torch.Tensor


@dataclass(frozen=True)
class SegmentCondition:
    """What all diffusion steps of one segment share, made once.

    face, body: what the initial pose gives to the two streams, (B, 1, D). hidden: of the speech, (B, D). memories: keys
    and values of the speech tokens, by layer and branch. table: of the positions of all tokens, F + 2.
    """

    face: torch.Tensor
    body: torch.Tensor
    hidden: torch.Tensor
    memories: tuple[tuple[KeysValues, ...], ...]
    table: RotaryTable


@dataclass(frozen=True)
class TimeCondition:
    """What the layers are told at some diffusion steps: modulations, keys and values of the time tokens, by layer."""

    layers: tuple[LayerCondition, ...]

    def rows(self, first: int, count: int) -> "TimeCondition":
        """Some rows of the batch: one step's, where all steps were made at once."""
        return TimeCondition(tuple(layer.rows(first, count) for layer in self.layers))


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
        self.width, self.pose_features = width, config.pose_features
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
        table = rotary_table(self.rotary_frequencies, tokens.shape[1])
        for layer in self.condition_encoder:
            tokens = layer(tokens, table)
        tokens = torch.where(keep[:, None, None], tokens, self.null_tokens.to(tokens.dtype))
        pooled = self.pooled_norm(tokens.mean(dim=1))  # (B, D)
        hidden = self.pooled_out(F.silu(self.pooled_in(pooled)))
        hidden = torch.where(keep[:, None], hidden, self.null_hidden.to(hidden.dtype))
        return SpeechCondition(tokens, hidden)

    def prepare(self, initial_pose: torch.Tensor, speech: SpeechCondition) -> SegmentCondition:
        """Make what all steps of a segment share.

        Args:
            initial_pose: (B, 402), the first frame's pose, normalised, legs removed.
            speech: of B rows.
        """
        num_frames = speech.tokens.shape[1]
        table = rotary_table(self.rotary_frequencies, num_frames + 2)
        plain = self.norm_memory(speech.tokens)  # (B, F, D)
        rotated = rotate(plain, table.positions(0, num_frames))
        weight, first = self.input_projection.weight[:, self.pose_features :], initial_pose[:, None]
        is_face = self._face_features(initial_pose.device)
        return SegmentCondition(
            face=F.linear(first * is_face, weight, self.input_projection.bias),  # (B, 1, D)
            body=F.linear(first * ~is_face, weight, self.input_projection.bias),
            hidden=speech.hidden,
            memories=tuple(layer.speech_memory(rotated, plain) for layer in self._decoder),
            table=table,
        )

    def at_times(self, timesteps: torch.Tensor, segment: SegmentCondition) -> TimeCondition:
        """Make what the layers are told at some steps.

        Args:
            timesteps: (B,), integers in [0, 1000), or (T B,): the B rows of one step, of the next, …
            segment: of B rows.
        """
        hidden = segment.hidden.repeat(len(timesteps) // len(segment.hidden), 1)  # (T B, D)
        num_frames = len(segment.table.cosines) - 2
        time = F.mish(self.time_in(time_sinusoid(timesteps, self.width).to(hidden.dtype)))  # (T B, 4 D)
        embedding = self.time_to_embedding(time) + hidden  # (T B, D), equation 13
        plain = self.norm_memory(rearrange(self.time_to_tokens(time), "b (two d) -> b two d", two=2))
        rotated = rotate(plain, segment.table.positions(num_frames, 2))  # (T B, 2, D)
        return TimeCondition(tuple(layer.condition(embedding, rotated, plain) for layer in self._decoder))

    def denoise(self, noisy_pose: torch.Tensor, segment: SegmentCondition, times: TimeCondition) -> torch.Tensor:
        """Predict the clean pose sequence, (B, F, 402), normalised.

        Args:
            noisy_pose: (B, F, 402), or (1, F, 402) for all rows.
            segment: of B rows.
            times: of B rows, one step's.

        Source: equations 5 to 15; spec §3.
        """
        num_frames = noisy_pose.shape[1]
        table = segment.table.positions(0, num_frames)
        weight, is_face = self.input_projection.weight[:, : self.pose_features], self._face_features(noisy_pose.device)
        # Equation 5 by concatenation, which a linear layer sees as a sum; equations 6 to 9.
        face = F.linear(noisy_pose * is_face, weight) + segment.face  # (B, F, D)
        body = F.linear(noisy_pose * ~is_face, weight) + segment.body  # (B, F, D)
        merged = face
        for layer, speech, told in zip(self._decoder, segment.memories, times.layers, strict=True):
            # Each layer takes the merged output as face stream and the first body state as body stream: the weights
            # were trained with this (spec §3.9).
            merged = layer(merged, body, told.after(speech), table)
        return self.final_layer(merged)

    def forward(
        self, noisy_pose: torch.Tensor, initial_pose: torch.Tensor, speech: SpeechCondition, timesteps: torch.Tensor
    ) -> torch.Tensor:
        """Predict the clean pose sequence, (B, F, 402), where nothing is known beforehand; timesteps: (B,)."""
        segment = self.prepare(initial_pose, speech)
        return self.denoise(noisy_pose, segment, self.at_times(timesteps, segment))

    @property
    def _decoder(self) -> list[DecoderLayer]:
        return cast(list[DecoderLayer], list(self.layers))

    def _face_features(self, device: torch.device) -> torch.Tensor:
        """Equation 7: True where a feature belongs to the face; (402,) bool.

        Without two branches, everything is the first one's.
        """
        is_face = torch.zeros(self.pose_features, dtype=torch.bool, device=device)
        is_face[_FACE_VALUES if self.has_two_branches else slice(None)] = True
        return is_face

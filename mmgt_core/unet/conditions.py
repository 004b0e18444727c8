"""What every layer of one UNet call sees beside its hidden state."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from mmgt_core.types import RegionWeights

RegionTokens = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Background, face_hands, lips of one pyramid level: each (B F, N)."""


@dataclass(frozen=True)
class AudioConditions:
    """What MM-HAA attends to and where.

    tokens: (B F, M, D). mask_levels: one triple a pyramid level, finest first. region_weights: of the three branches.
    """

    tokens: torch.Tensor
    mask_levels: tuple[RegionTokens, ...]
    region_weights: RegionWeights


@dataclass(frozen=True)
class LayerConditions:
    """The conditions of one call, frames folded into the batch: rows are (B F), batch first.

    time_embedding: (B F, D). image_tokens: (B F, 1, D). audio: None where a network has none. reference_features:
    layer name to (R, N, C); they belong to the last R batch rows, the rows before see none (the unconditional half of
    guidance). feature_sink: where spatial layers put their own features, given only by the reference UNet.
    """

    num_frames: int
    time_embedding: torch.Tensor
    image_tokens: torch.Tensor
    audio: AudioConditions | None = None
    reference_features: Mapping[str, torch.Tensor] | None = None
    feature_sink: dict[str, torch.Tensor] | None = None

"""Stage 2's denoising UNet: Stable Diffusion 1.5's shape with reference, MM-HAA and motion (paper §III-A, fig. 3)."""

from collections.abc import Mapping

import torch
from einops import repeat
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import UNetConfig
from mmgt_core.types import MotionMasks, RegionWeights
from mmgt_core.unet.blocks import DownBlock, MidBlock, down_plans, fold_frames, mid_plan, unfold_frames, up_blocks
from mmgt_core.unet.conditions import AudioConditions, LayerConditions, RegionTokens
from mmgt_core.unet.time_embedding import TimestepEmbedding, Timesteps


class DenoisingUNet(nn.Module):
    """Predicts the velocity of a window of latents."""

    def __init__(self, config: UNetConfig, spatial_only: bool = False) -> None:
        """Args: spatial_only: without audio and motion modules, as the first training process of stage 2 has it."""
        super().__init__()
        first = config.block_out_channels[0]
        self.skips_per_up_block = config.layers_per_block + 1
        self.conv_in = nn.Conv2d(config.in_channels, first, 3, padding=1)
        self.timestep_sinusoid = Timesteps(first)
        self.time_embedding = TimestepEmbedding(first, 4 * first)
        self.down_blocks = nn.ModuleList(DownBlock(plan) for plan in down_plans(config, spatial_only))
        self.mid_block = MidBlock(mid_plan(config, spatial_only))
        self.up_blocks = up_blocks(config, spatial_only)
        self.conv_norm_out = nn.GroupNorm(config.norm_num_groups, first, eps=1e-5)
        self.conv_out = nn.Conv2d(first, config.out_channels, 3, padding=1)

    def forward(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        image_tokens: torch.Tensor,
        audio_tokens: torch.Tensor | None,
        motion_masks: MotionMasks | None,
        region_weights: RegionWeights,
        pose_features: torch.Tensor | None = None,
        reference_features: Mapping[str, torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Predict the velocity, (B, C, F, h, w).

        Args:
            latents: (B, C, F, h, w), noisy; h = w.
            timestep: scalar or (B,), in [0, 1000).
            image_tokens: (B, 1, D), the CLIP embedding or zeros.
            audio_tokens: (B, F, M, D); None, with the masks, where there are no audio modules.
            motion_masks: pyramids of F frames, shared by the batch rows, or of B F frames.
            region_weights: multipliers of the MM-HAA branches.
            pose_features: (B or 1, C, F, h, w), added after the first convolution.
            reference_features: layer name to (R, N, C) for the last R batch rows.

        Source: paper §III-C; spec §9, §10.
        """
        batch, num_frames = latents.shape[0], latents.shape[2]
        sinusoid = self.timestep_sinusoid(timestep.expand(batch)).to(latents.dtype)
        time_embedding = self.time_embedding(sinusoid)  # (B, D)
        conditions = LayerConditions(
            num_frames=num_frames,
            time_embedding=repeat(time_embedding, "b d -> (b f) d", f=num_frames),
            image_tokens=repeat(image_tokens, "b n d -> (b f) n d", f=num_frames),
            audio=_audio_conditions(audio_tokens, motion_masks, region_weights),
            reference_features=reference_features,
        )

        hidden = self.conv_in(fold_frames(latents))  # (B F, C, h, w)
        if pose_features is not None:
            hidden = hidden + fold_frames(pose_features.expand(batch, -1, -1, -1, -1))
        skips = [hidden]
        for block in self.down_blocks:
            hidden, block_skips = block(hidden, conditions)
            skips.extend(block_skips)
        hidden = self.mid_block(hidden, conditions)
        for block in self.up_blocks:
            skips, block_skips = skips[: -self.skips_per_up_block], skips[-self.skips_per_up_block :]
            hidden = block(hidden, block_skips, conditions)
        hidden = F.silu(self.conv_norm_out(hidden))
        return unfold_frames(self.conv_out(hidden), num_frames)  # (B, C, F, h, w)


def _audio_conditions(
    audio_tokens: torch.Tensor | None, masks: MotionMasks | None, region_weights: RegionWeights
) -> AudioConditions | None:
    if audio_tokens is None or masks is None:
        return None
    tokens = audio_tokens.flatten(0, 1)  # (B F, M, D)
    return AudioConditions(tokens, _mask_levels(masks, len(tokens)), region_weights)


def _mask_levels(masks: MotionMasks, num_rows: int) -> tuple[RegionTokens, ...]:
    """Per pyramid level the three regions, each repeated to all rows: (B F, N)."""
    levels = zip(*masks.regions, strict=True)
    return tuple((_repeated(b, num_rows), _repeated(f, num_rows), _repeated(p, num_rows)) for b, f, p in levels)


def _repeated(level: torch.Tensor, num_rows: int) -> torch.Tensor:
    return level.repeat(num_rows // len(level), 1)

"""Stage 2's denoising UNet: Stable Diffusion 1.5's shape with reference, MM-HAA and motion (paper §III-A, fig. 3)."""

from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import UNetConfig
from mmgt_core.types import ClipConditions, MotionMasks, RegionWeights, WindowConditions
from mmgt_core.unet.attention import SpatialAttention, prepared_image
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.blocks import DownBlock, MidBlock, down_plans, mid_plan, up_blocks
from mmgt_core.unet.conditions import LayerConditions, PreparedClip, PreparedWindow
from mmgt_core.unet.layout import fold_frames, group_norm, unfold_frames
from mmgt_core.unet.time_embedding import TimestepEmbedding, Timesteps


class DenoisingUNet(nn.Module):
    """Predicts the velocity of windows of latents."""

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

    def prepare_clip(self, clip: ClipConditions) -> PreparedClip:
        """Project once what no frame and no step changes: the image's token and the reference.

        Args: clip: image tokens of R rows, and reference features of the last R' of them.
        """
        reference = {
            module.name: module.block.attn1.keys_values(clip.reference_features[module.name])
            for module in self.modules()
            if isinstance(module, SpatialAttention) and module.name in clip.reference_features
        }
        regions = {module.name: module.block.joined_regions() for module in self._audio_modules()}
        return replace(prepared_image(self, clip.image_tokens), reference=reference, regions=regions)

    def prepare_window(self, window: WindowConditions, region_weights: RegionWeights) -> PreparedWindow:
        """Project once what no step changes: speech; fold the weights of the regions into the masks.

        Args:
            window: of W rows; masks of W F frames, or of F that all rows share.
            region_weights: multipliers of the MM-HAA branches.
        """
        tokens = window.audio_tokens.flatten(0, 1)  # (W F, M, D)
        speech = {module.name: module.block.keys_values(tokens) for module in self._audio_modules()}
        masks = _weighted_masks(window.motion_masks, region_weights, len(tokens))
        return PreparedWindow(fold_frames(window.pose_features), speech, masks)

    def forward(
        self, latents: torch.Tensor, timestep: torch.Tensor, clip: PreparedClip, window: PreparedWindow
    ) -> torch.Tensor:
        """Predict the velocity, (B, C, F, h, w).

        Args:
            latents: (B, C, F, h, w), noisy; h = w. The last W rows are those of the window; the first B - W are
                unconditional, with the pose and the masks of its first B - W.
            timestep: scalar or (B,), in [0, 1000).
            clip: of the last batch rows, see `PreparedClip`.
            window: of W rows of F frames.

        Source: paper §III-C; spec §9, §10.
        """
        num_frames = latents.shape[2]
        conditions = LayerConditions(
            num_frames=num_frames,
            time=self._time(timestep, num_frames, latents.dtype),
            image=clip.image_rows(len(latents)),
            clip=clip,
            speech=window.speech,
            masks=window.masks,
        )
        hidden = self.conv_in(fold_frames(latents))  # (B F, C, h, w)
        num_free = len(hidden) - len(window.pose)
        hidden = hidden + torch.cat([window.pose[:num_free], window.pose])
        skips = [hidden]
        for block in self.down_blocks:
            hidden, block_skips = block(hidden, conditions)
            skips.extend(block_skips)
        hidden = self.mid_block(hidden, conditions)
        for block in self.up_blocks:
            skips, block_skips = skips[: -self.skips_per_up_block], skips[-self.skips_per_up_block :]
            hidden = block(hidden, block_skips, conditions)
        hidden = F.silu(group_norm(self.conv_norm_out, hidden))
        return unfold_frames(self.conv_out(hidden), num_frames)  # (B, C, F, h, w)

    def _time(self, timestep: torch.Tensor, num_frames: int, dtype: torch.dtype) -> torch.Tensor:
        """The time as residual blocks take it: (B F, D), or (1, D) where it is one for all."""
        sinusoid = self.timestep_sinusoid(timestep.reshape(-1)).to(dtype)
        time = F.silu(self.time_embedding(sinusoid))
        return time if timestep.dim() == 0 else time.repeat_interleave(num_frames, dim=0)

    def _audio_modules(self) -> list[AudioAttention]:
        return [module for module in self.modules() if isinstance(module, AudioAttention)]


def _weighted_masks(masks: MotionMasks, weights: RegionWeights, num_rows: int) -> tuple[torch.Tensor, ...]:
    """Per pyramid level the three masks times their weights, then the weights: (R, N, 6)."""
    factors = weights.background, weights.face_hands, weights.lips
    levels = []
    for regions in zip(*masks.regions, strict=True):
        weighted = [mask * factor for mask, factor in zip(regions, factors, strict=True)]
        alone = [torch.full_like(mask, factor) for mask, factor in zip(regions, factors, strict=True)]
        level = torch.stack([*weighted, *alone], dim=-1)
        levels.append(level.repeat(num_rows // len(level), 1, 1))
    return tuple(levels)

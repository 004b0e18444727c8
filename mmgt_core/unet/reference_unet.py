"""The reference UNet: reads the portrait once and gives what the denoising UNet's attention looks at (paper §III-A)."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import UNetConfig
from mmgt_core.unet.attention import prepared_image
from mmgt_core.unet.blocks import DownBlock, MidBlock, down_plans, mid_plan, up_blocks
from mmgt_core.unet.conditions import LayerConditions
from mmgt_core.unet.time_embedding import TimestepEmbedding, Timesteps


@dataclass(frozen=True)
class ReferenceUNetOutput:
    """hidden: (B, C, h, w), after the last up block. features: layer name to (B, N, C), 16 layers."""

    hidden: torch.Tensor
    features: dict[str, torch.Tensor]


class ReferenceUNet(nn.Module):
    """The 2-D UNet without an output layer; each spatial layer's first normalised state is a reference feature."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        first = config.block_out_channels[0]
        self.skips_per_up_block = config.layers_per_block + 1
        self.conv_in = nn.Conv2d(config.in_channels, first, 3, padding=1)
        self.timestep_sinusoid = Timesteps(first)
        self.time_embedding = TimestepEmbedding(first, 4 * first)
        self.down_blocks = nn.ModuleList(DownBlock(plan) for plan in down_plans(config, spatial_only=True))
        self.mid_block = MidBlock(mid_plan(config, spatial_only=True))
        self.up_blocks = up_blocks(config, spatial_only=True)

    def forward(self, latents: torch.Tensor, timestep: torch.Tensor, image_tokens: torch.Tensor) -> ReferenceUNetOutput:
        """Read the portrait's latents.

        Args:
            latents: (B, C, h, w).
            timestep: scalar or (B,); 0 at inference.
            image_tokens: (B, 1, D).

        Source: spec §8.
        """
        features: dict[str, torch.Tensor] = {}
        sinusoid = self.timestep_sinusoid(timestep.expand(len(latents))).to(latents.dtype)
        clip = prepared_image(self, image_tokens)
        conditions = LayerConditions(
            num_frames=1,
            time=F.silu(self.time_embedding(sinusoid)),  # (B, D)
            image=clip.image_rows(len(latents)),
            clip=clip,
            feature_sink=features,
        )
        hidden = self.conv_in(latents.contiguous(memory_format=torch.channels_last))  # (B, C, h, w)
        skips = [hidden]
        for block in self.down_blocks:
            hidden, block_skips = block(hidden, conditions)
            skips.extend(block_skips)
        hidden = self.mid_block(hidden, conditions)
        for block in self.up_blocks:
            skips, block_skips = skips[: -self.skips_per_up_block], skips[-self.skips_per_up_block :]
            hidden = block(hidden, block_skips, conditions)
        return ReferenceUNetOutput(hidden, features)

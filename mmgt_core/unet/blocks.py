"""The UNet's rooms: down, middle and up blocks, shared by the reference UNet (spatial) and the denoising UNet.

Frames are folded into the batch everywhere; only motion modules unfold them.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import AudioLayout, UNetConfig
from mmgt_core.unet.attention import SpatialAttention
from mmgt_core.unet.audio_attention import AudioAttention
from mmgt_core.unet.conditions import LayerConditions
from mmgt_core.unet.layout import Convolution
from mmgt_core.unet.motion_module import MotionModule
from mmgt_core.unet.residual import ResidualBlock


@dataclass(frozen=True)
class BlockPlan:
    """What one block is made of; `spatial_only` leaves audio and motion out (the reference UNet)."""

    name: str
    config: UNetConfig
    level: int
    in_channels: int
    out_channels: int
    has_attention: bool
    has_resampler: bool
    spatial_only: bool

    def resnet(self, in_channels: int) -> ResidualBlock:
        """A residual block from `in_channels` to the block's channels."""
        time_width = 4 * self.config.block_out_channels[0]
        return ResidualBlock(in_channels, self.out_channels, time_width, self.config.norm_num_groups)

    def attention(self, index: int) -> SpatialAttention:
        """The spatial attention of layer `index`."""
        return SpatialAttention(
            name=f"{self.name}.attentions.{index}",
            channels=self.out_channels,
            num_heads=self.config.num_heads,
            cross_attention_dim=self.config.cross_attention_dim,
            num_groups=self.config.norm_num_groups,
        )

    def audio_module(self, name: str, width: int) -> AudioAttention:
        """An MM-HAA module of that inner width."""
        return AudioAttention(
            name=f"{self.name}.{name}",
            channels=self.out_channels,
            width=width,
            level=self.level,
            num_heads=self.config.num_heads,
            audio_dim=self.config.audio_attention_dim,
            num_groups=self.config.norm_num_groups,
        )

    def motion_module(self) -> MotionModule:
        """The motion module that follows a residual layer."""
        return MotionModule(
            self.out_channels, self.config.num_heads, self.config.max_window_frames, self.config.norm_num_groups
        )

    @property
    def has_audio_past_down(self) -> bool:
        """Whether a middle or up block with attention has audio modules."""
        return self.has_attention and not self.spatial_only and self.config.audio_layout is AudioLayout.DOWN_MID_UP


class DownBlock(nn.Module):
    """Per layer: residual, spatial attention, MM-HAA, motion; then a strided convolution."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        inputs = [plan.in_channels] + [plan.out_channels] * (plan.config.layers_per_block - 1)
        has_audio = plan.has_attention and not plan.spatial_only
        self.resnets = nn.ModuleList(plan.resnet(channels) for channels in inputs)
        self.attentions = nn.ModuleList(plan.attention(index) for index in range(len(inputs)) if plan.has_attention)
        # The inner width is what the residual layer takes in, not what it gives: the weights have it so (spec §9).
        self.audio_modules = nn.ModuleList(
            plan.audio_module(f"audio_modules.{index}", channels) for index, channels in enumerate(inputs) if has_audio
        )
        self.motion_modules = nn.ModuleList(plan.motion_module() for _ in inputs if not plan.spatial_only)
        self.downsample = Convolution(plan.out_channels, plan.out_channels, stride=2) if plan.has_resampler else None

    def forward(self, hidden: torch.Tensor, conditions: LayerConditions) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the hidden state, (B F, C, h/2, w/2), and the skips of each layer and of the resampler."""
        skips = []
        for index, resnet in enumerate(self.resnets):
            hidden = resnet(hidden, conditions.time)
            if self.attentions:
                hidden = self.attentions[index](hidden, conditions)
            if self.audio_modules:
                hidden = self.audio_modules[index](hidden, conditions)
            if self.motion_modules:
                hidden = self.motion_modules[index](hidden, conditions.num_frames)
            skips.append(hidden)
        if self.downsample is not None:
            hidden = self.downsample(hidden)  # (B F, C, h/2, w/2)
            skips.append(hidden)
        return hidden, skips


class MidBlock(nn.Module):
    """Residual, spatial attention, MM-HAA (sixteen-module layout), motion, residual."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        channels = plan.out_channels
        self.resnet_in = plan.resnet(channels)
        self.attention = plan.attention(0)
        self.audio_module = plan.audio_module("audio_module", channels) if plan.has_audio_past_down else None
        self.motion_module = None if plan.spatial_only else plan.motion_module()
        self.resnet_out = plan.resnet(channels)

    def forward(self, hidden: torch.Tensor, conditions: LayerConditions) -> torch.Tensor:
        """Args: hidden: (B F, C, h, w); the result has the same shape."""
        hidden = self.resnet_in(hidden, conditions.time)
        hidden = self.attention(hidden, conditions)
        if self.audio_module is not None:
            hidden = self.audio_module(hidden, conditions)
        if self.motion_module is not None:
            hidden = self.motion_module(hidden, conditions.num_frames)
        return self.resnet_out(hidden, conditions.time)


class UpBlock(nn.Module):
    """Per layer: concatenate the skip, residual, spatial attention, MM-HAA (sixteen-module layout), motion; then x2."""

    def __init__(self, plan: BlockPlan, previous_channels: int) -> None:
        """Args: previous_channels: of the hidden state that comes in; plan.in_channels is that of the last skip."""
        super().__init__()
        num_layers = plan.config.layers_per_block + 1
        hidden_channels = [previous_channels] + [plan.out_channels] * (num_layers - 1)
        skip_channels = [plan.out_channels] * (num_layers - 1) + [plan.in_channels]
        inputs = [hidden + skip for hidden, skip in zip(hidden_channels, skip_channels, strict=True)]
        self.resnets = nn.ModuleList(plan.resnet(channels) for channels in inputs)
        self.attentions = nn.ModuleList(plan.attention(index) for index in range(num_layers) if plan.has_attention)
        self.audio_modules = nn.ModuleList(
            plan.audio_module(f"audio_modules.{index}", plan.in_channels)
            for index in range(num_layers)
            if plan.has_audio_past_down
        )
        self.motion_modules = nn.ModuleList(plan.motion_module() for _ in inputs if not plan.spatial_only)
        self.upsample = Convolution(plan.out_channels, plan.out_channels) if plan.has_resampler else None

    def forward(self, hidden: torch.Tensor, skips: list[torch.Tensor], conditions: LayerConditions) -> torch.Tensor:
        """Return (B F, C, 2 h, 2 w). Args: skips: of this block, in the order in which they were saved."""
        for index, (resnet, skip) in enumerate(zip(self.resnets, reversed(skips), strict=True)):
            hidden = resnet(torch.cat([hidden, skip], dim=1), conditions.time)
            if self.attentions:
                hidden = self.attentions[index](hidden, conditions)
            if self.audio_modules:
                hidden = self.audio_modules[index](hidden, conditions)
            if self.motion_modules:
                hidden = self.motion_modules[index](hidden, conditions.num_frames)
        if self.upsample is not None:
            hidden = F.interpolate(hidden, scale_factor=2.0, mode="nearest")  # (B F, C, 2 h, 2 w)
            hidden = self.upsample(hidden)
        return hidden


def down_plans(config: UNetConfig, spatial_only: bool) -> list[BlockPlan]:
    """The down blocks, finest first; only the coarsest has neither attention nor resampler."""
    widths = config.block_out_channels
    last = len(widths) - 1
    return [
        BlockPlan(
            name=f"down_blocks.{level}",
            config=config,
            level=level,
            in_channels=widths[max(level - 1, 0)],
            out_channels=widths[level],
            has_attention=level < last,
            has_resampler=level < last,
            spatial_only=spatial_only,
        )
        for level in range(len(widths))
    ]


def mid_plan(config: UNetConfig, spatial_only: bool) -> BlockPlan:
    """The middle block, at the coarsest resolution."""
    width = config.block_out_channels[-1]
    level = len(config.block_out_channels) - 1
    return BlockPlan("mid_block", config, level, width, width, True, False, spatial_only)


def up_blocks(config: UNetConfig, spatial_only: bool) -> nn.ModuleList:
    """The up blocks, coarsest first; the first has no attention, the last no resampler."""
    widths = config.block_out_channels
    last = len(widths) - 1
    blocks = nn.ModuleList()
    for index in range(len(widths)):
        level = last - index
        plan = BlockPlan(
            name=f"up_blocks.{index}",
            config=config,
            level=level,
            in_channels=widths[max(level - 1, 0)],
            out_channels=widths[level],
            has_attention=index > 0,
            has_resampler=index < last,
            spatial_only=spatial_only,
        )
        blocks.append(UpBlock(plan, previous_channels=widths[min(level + 1, last)]))
    return blocks

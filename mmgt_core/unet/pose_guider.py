"""From drawn skeletons to features that are added once to the denoising UNet's first layer (spec §7)."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import PoseGuiderConfig
from mmgt_core.unet.layout import fold_frames, unfold_frames


class PoseGuider(nn.Module):
    """Convolutions that halve the resolution once per width step."""

    def __init__(self, config: PoseGuiderConfig) -> None:
        super().__init__()
        widths = config.block_out_channels
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.blocks = nn.ModuleList()
        for narrow, wide in pairwise(widths):
            self.blocks.append(nn.Conv2d(narrow, narrow, 3, padding=1))
            self.blocks.append(nn.Conv2d(narrow, wide, 3, padding=1, stride=2))
        self.conv_out = nn.Conv2d(widths[-1], config.out_channels, 3, padding=1)

    def forward(self, pose_images: torch.Tensor) -> torch.Tensor:
        """Args: pose_images: (B, 3, F, H, W) in [0, 1]. Returns (B, C, F, H/8, W/8)."""
        num_frames = pose_images.shape[2]
        hidden = F.silu(self.conv_in(fold_frames(pose_images)))  # (B F, C, H, W)
        for convolution in self.blocks:
            hidden = F.silu(convolution(hidden))
        return unfold_frames(self.conv_out(hidden), num_frames)  # (B, C, F, h, w)

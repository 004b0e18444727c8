"""Small TorchScript networks that stand where the users' large ones go."""

from pathlib import Path

import torch
from torch import nn


class MeanColours(nn.Module):
    """Stands for Inception: pictures to their 16 cells' mean colours."""

    def forward(self, pictures: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        assert return_features
        return nn.functional.adaptive_avg_pool2d(pictures.float(), 2).flatten(1)


class MeanMotion(nn.Module):
    """Stands for I3D: clips to the means of their halves; checks its input's shape and range."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        assert clips.shape[1:] == (3, 16, 224, 224)
        assert clips.abs().max() <= 1
        return nn.functional.adaptive_avg_pool3d(clips, (2, 1, 1)).flatten(1)


class MeanDifference(nn.Module):
    """Stands for LPIPS."""

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first - second).abs().mean(dim=(1, 2, 3), keepdim=True)


class SoundAndMouth(nn.Module):
    """Stands for SyncNet: a mouth's brightness and a sound's energy."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures

    @torch.jit.export
    def forward_lip(self, lips: torch.Tensor) -> torch.Tensor:
        return lips.mean(dim=(1, 3, 4)) / 25

    @torch.jit.export
    def forward_aud(self, speech: torch.Tensor) -> torch.Tensor:
        return nn.functional.adaptive_avg_pool2d(speech[:, :, :1], (1, 5)).flatten(1)


def save_script(network: nn.Module, path: Path) -> Path:
    torch.jit.script(network).save(str(path))
    return path

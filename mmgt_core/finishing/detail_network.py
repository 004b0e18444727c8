"""The small network that ends stage 2 of a small preset: from what was drawn and what the portrait shows to a frame."""

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.config import DetailNetworkConfig

EVIDENCE = ("frame", "moved_portrait", "moved_drawn", "portrait", "drawn", "pose", "own_pose")
"""What it sees, in this order: stage 2's frame; the portrait, and stage 2's drawing of it in its own pose, moved to
where the frame shows the same; both unmoved; the drawn poses of the frame and of the portrait."""
OF_BONES = ("puppet", "plate")
"""What follows where it sees bones: the portrait moved along them, and what is behind the person."""
_CANDIDATES = 4
"""Without those of bones, each of which is one more."""
_BLOCK = 2
"""Pixels along one side that are taken as one cell: full resolution costs most, and only the choice needs it."""
CELL_PX = 4 * _BLOCK
"""Of the coarsest level: sides of pictures are multiples of it."""


def evidence_of(config: DetailNetworkConfig) -> tuple[str, ...]:
    """What a network sees, by name and in order."""
    return EVIDENCE + OF_BONES if config.sees_bones else EVIDENCE


class DetailNetwork(nn.Module):
    """Says for every pixel which of some candidates to believe, and what to add.

    Candidates: the frame; the frame with what its drawing loses of the portrait; the moved portrait; the portrait; and
    the evidence of bones, where it sees that.
    """

    def __init__(self, config: DetailNetworkConfig) -> None:
        super().__init__()
        fine, middle, coarse = config.widths
        evidence = evidence_of(config)
        self.sees_bones = config.sees_bones
        self._num_candidates = _CANDIDATES + len(evidence) - len(EVIDENCE)
        channels = 3 * len(evidence) * _BLOCK**2
        self.fine_in, self.fine_down = _convolution(channels, fine), _convolution(fine, fine)
        self.middle_in, self.middle_down = _convolution(fine, middle, stride=2), _Residual(middle)
        self.coarse_in, self.coarse = _convolution(middle, coarse, stride=2), _Residual(coarse)
        self.middle_up = _convolution(coarse + middle, middle)
        self.fine_up, self.fine_out = _convolution(middle + fine, fine), _convolution(fine, fine)
        self.out = nn.Conv2d(fine, (self._num_candidates + 3) * _BLOCK**2, 3, padding=1)
        for value in self.out.parameters():
            nn.init.zeros_(value)  # all candidates alike

    def forward(self, evidence: torch.Tensor) -> torch.Tensor:
        """The finished frames, (B, 3, H, W).

        Args:
            evidence: (B, E, 3, H, W) in [-1, 1], in the order of `evidence_of`; H and W are multiples of `CELL_PX`.
        """
        frame, moved_portrait, moved_drawn, portrait, drawn, pose, own_pose, *bones = evidence.unbind(dim=1)
        seen = [frame, moved_portrait, frame - moved_drawn, portrait, frame - drawn, pose, own_pose, *bones]
        hidden = F.pixel_unshuffle(torch.cat(seen, dim=1), _BLOCK)  # (B, 12 E, H/2, W/2)
        fine = self.fine_down(self.fine_in(hidden))  # (B, C, H/2, W/2)
        middle = self.middle_down(self.middle_in(fine))  # (B, C, H/4, W/4)
        coarse = self.coarse(self.coarse_in(middle))  # (B, C, H/8, W/8)
        middle = self.middle_up(torch.cat([_twice(coarse), middle], dim=1))  # (B, C, H/4, W/4)
        fine = self.fine_out(self.fine_up(torch.cat([_twice(middle), fine], dim=1)))  # (B, C, H/2, W/2)
        told = F.pixel_shuffle(self.out(fine), _BLOCK)  # (B, C + 3, H, W)
        shares = told[:, : self._num_candidates].softmax(dim=1).unsqueeze(2)  # (B, C, 1, H, W)
        believed = [frame, frame + moved_portrait - moved_drawn, moved_portrait, portrait, *bones]
        candidates = torch.stack(believed, dim=1)  # (B, C, 3, H, W)
        return (shares * candidates).sum(dim=1) + told[:, self._num_candidates :]  # (B, 3, H, W)


class _Residual(nn.Module):
    """Two convolutions, added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_convolution(channels, channels), _convolution(channels, channels))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same."""
        return hidden + self.layers(hidden)


def _convolution(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, SiLU. Nothing is normalised over the picture: it learns from crops and ends whole frames."""
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1), nn.SiLU())


def _twice(hidden: torch.Tensor) -> torch.Tensor:
    """(B, C, h, w) to (B, C, 2 h, 2 w)."""
    return F.interpolate(hidden, scale_factor=2.0, mode="bilinear", align_corners=False)

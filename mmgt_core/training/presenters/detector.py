"""The detector of drawn presenters: it learns their points, and that other pictures show no presenter."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.media.image_writing import write_image
from mmgt_core.pose.detector import VISIBLE
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.pose.keypoint_network import INPUT_SIDE, KeypointNetwork, peaks
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.presenters.autoencoder import as_pixels
from mmgt_core.training.presenters.figures import Figures
from mmgt_core.training.presenters.pictures_of_nobody import picture_of_nobody
from mmgt_core.types import UInt8Array

_BLACK = 40
"""A drawn pose pixel above this is laid over the picture of a sample."""


@dataclass(frozen=True)
class KeypointTrainingConfig:
    """What is shown. scale_range, shift_range: of the figure, as fractions of the side. empty_fraction: of pictures
    that are spoiled until they show no presenter. target_spread: in cells, of the mass around a point.
    """

    scale_range: float
    shift_range: float
    empty_fraction: float
    target_spread: float


@dataclass(frozen=True)
class PresenterPictures:
    """Moved and scaled pictures with their points: `TrainingData` whose items are clips."""

    dataset: Figures
    config: KeypointTrainingConfig

    def __len__(self) -> int:
        return len(self.dataset)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """pictures: (256, 256, 3) uint8. keypoints: (134, 3), pixels of the picture. is_present: 0 or 1."""
        frame = int(generator.integers(self.dataset.pictures.shape[1]))
        picture = np.array(self.dataset.pictures[index, frame])
        keypoints = np.array(self.dataset.keypoints[index, frame])
        keypoints[:, :2] = (keypoints[:, :2] + 0.5) * (INPUT_SIDE / CANVAS_SIZE) - 0.5
        picture, keypoints = self._moved(picture, keypoints, generator)
        is_empty = generator.random() < self.config.empty_fraction
        if is_empty:
            picture = picture_of_nobody(picture, generator)
        return {
            "pictures": torch.from_numpy(picture),
            "keypoints": torch.from_numpy(keypoints),
            "is_present": torch.tensor(0.0 if is_empty else 1.0),
        }

    def _moved(
        self, picture: UInt8Array, keypoints: Float32Array, generator: np.random.Generator
    ) -> tuple[UInt8Array, Float32Array]:
        scale = 1 + generator.uniform(-1, 1) * self.config.scale_range
        shift = generator.uniform(-1, 1, 2) * self.config.shift_range * INPUT_SIDE
        centre = (INPUT_SIDE - 1) / 2
        offset = centre - scale * centre + shift
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float32)
        moved = cv2.warpAffine(
            picture, matrix, (INPUT_SIDE, INPUT_SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        placed = keypoints.copy()
        placed[:, :2] = keypoints[:, :2] * scale + offset
        placed[((placed[:, :2] < 0) | (placed[:, :2] > INPUT_SIDE - 1)).any(axis=1), 2] = 0
        return np.asarray(moved, np.uint8), placed


class KeypointTraining:
    """Cross-entropy of the cells, distance of the peaks, and whether there is a presenter at all."""

    def __init__(self, network: KeypointNetwork, dataset: Figures, config: KeypointTrainingConfig) -> None:
        self._network, self._dataset, self._config = network.requires_grad_(True), dataset, config
        self.networks: Mapping[str, nn.Module] = {"keypoints": network}

    def to(self, device: torch.device) -> None:
        """Nothing but the network itself has to move."""

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Args: batch: see `PresenterPictures.item`."""
        maps = self._network(as_pixels(batch["pictures"]))
        is_present, keypoints = batch["is_present"], batch["keypoints"]
        counts = (keypoints[..., 2] > VISIBLE) * is_present[:, None]  # (B, K)
        targets = _target_maps(keypoints, maps.cells.shape[-1], self._config.target_spread)
        cells = -(targets * maps.cells.flatten(2).log_softmax(dim=-1)).sum(dim=-1)  # (B, K)
        cell_loss = (cells * counts).sum() / counts.sum().clamp(min=1)
        presence_loss = F.binary_cross_entropy_with_logits(maps.presence, is_present)
        distances = (peaks(maps.cells.detach())[..., :2] - keypoints[..., :2]).norm(dim=-1)
        distance_px = (distances * counts).sum() / counts.sum().clamp(min=1)
        return {
            "total": cell_loss + presence_loss,
            "cells": cell_loss,
            "presence": presence_loss,
            "distance_px": distance_px,
        }

    @torch.no_grad()
    def sample(self, folder: Path, step: int) -> None:
        """Write pictures with what was found laid over them."""
        device = next(self._network.parameters()).device
        pictures = self._dataset.pictures[self._dataset.held_back_clips, -1]
        found = peaks(self._network(as_pixels(torch.from_numpy(pictures).to(device))).cells).cpu().numpy()
        found[..., :2] = (found[..., :2] + 0.5) * (CANVAS_SIZE / INPUT_SIDE) - 0.5
        overlaid = [
            _overlaid(picture, draw_pose(keypoints.astype(np.float32)))
            for picture, keypoints in zip(pictures, found, strict=True)
        ]
        write_image(folder / f"{step:07d}.png", np.concatenate(overlaid, axis=1))


def _target_maps(keypoints: torch.Tensor, side: int, spread: float) -> torch.Tensor:
    """A small Gaussian of unit mass around each point: (B, K, 3) in pixels to (B, K, h w)."""
    places = (keypoints[..., :2] + 0.5) * (side / INPUT_SIDE) - 0.5  # cells
    cells = torch.arange(side, device=keypoints.device)
    x = (-(cells - places[..., 0:1]).square() / (2 * spread**2)).softmax(dim=-1)  # (B, K, w)
    y = (-(cells - places[..., 1:2]).square() / (2 * spread**2)).softmax(dim=-1)  # (B, K, h)
    return (y.unsqueeze(-1) * x.unsqueeze(-2)).flatten(2)


def _overlaid(picture: UInt8Array, drawn: UInt8Array) -> UInt8Array:
    large = cv2.resize(picture, (CANVAS_SIZE, CANVAS_SIZE), interpolation=cv2.INTER_LINEAR)
    is_drawn = drawn.max(axis=2, keepdims=True) > _BLACK
    return np.asarray(np.where(is_drawn, drawn, large), np.uint8)

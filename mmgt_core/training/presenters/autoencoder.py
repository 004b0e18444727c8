"""The small preset's own autoencoder: learned from crops of presenters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.keypoints import CANVAS_SIZE, LIPS, Float32Array
from mmgt_core.media.image_writing import write_image
from mmgt_core.pose.eyelids import EYES
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.presenters.crops import drawn_crop
from mmgt_core.training.presenters.dataset import PresenterDataset
from mmgt_core.types import UInt8Array

_ENCODED_AT_ONCE = 64
_MARGIN_PX = 8.0
"""Around keypoints of lips and eyes, on the canvas: lines have a width, and teeth and lips meet the skin."""


@dataclass(frozen=True)
class VAETrainingConfig:
    """What the autoencoder's training weighs.

    crop: side of the crops, in pixels. detail_fraction: of crops around a face or a hand, where errors are seen first.
    square_weight: of squared errors, which hurry large ones (colours) along. hue_weight: of the two axes of colour
    against that of lightness, in both: presenters vary less in hue, and an axis that varies little is learned last.
    edge_weight: of the errors of differences between neighbouring pixels, at three scales. lips_weight: added to the
    weight, 1, of errors around the lips: few pixels, and all that is seen of speech. kl_weight: of the divergence from
    a normal prior, per latent value.
    """

    crop: int
    detail_fraction: float
    square_weight: float
    hue_weight: float
    edge_weight: float
    lips_weight: float
    kl_weight: float


@dataclass(frozen=True)
class PictureCrops:
    """Crops of the presenters' pictures: `TrainingData` whose items are clips."""

    dataset: PresenterDataset
    config: VAETrainingConfig

    def __len__(self) -> int:
        return len(self.dataset)

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """pictures: (crop, crop, 3) uint8. is_mouth: (crop, crop) bool."""
        frame = int(generator.integers(self.dataset.pictures.shape[1]))
        side, keypoints = self.dataset.pictures.shape[2], self.dataset.keypoints[index, frame]
        place = drawn_crop(keypoints, side, self.config.crop, self.config.detail_fraction, generator)
        picture = np.array(self.dataset.pictures[index, frame][place])
        is_mouth = mouth_pixels(keypoints, side)[place]
        if generator.random() < 0.5:
            picture, is_mouth = picture[:, ::-1], is_mouth[:, ::-1]
        return {"pictures": torch.from_numpy(picture.copy()), "is_mouth": torch.from_numpy(is_mouth.copy())}


class VAETraining:
    """Absolute and squared errors, differences at three scales, a little KL."""

    def __init__(self, vae: Autoencoder, dataset: PresenterDataset, config: VAETrainingConfig) -> None:
        self.vae, self.dataset, self.config = vae.requires_grad_(True), dataset, config
        self.networks: Mapping[str, nn.Module] = {"vae": vae}

    def to(self, device: torch.device) -> None:
        """Nothing but the network itself has to move."""

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Args: batch: pictures, (B, H, W, 3) uint8; is_mouth, (B, H, W) bool."""
        pixels = as_pixels(batch["pictures"])  # (B, 3, H, W)
        posterior = self.vae.encode(pixels).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator, device=pixels.device)
        decoded = self.vae.decode(posterior.mean + posterior.std * noise).sample
        error = along_colour_axes(decoded - pixels, self.config.hue_weight)
        weights = 1 + self.config.lips_weight * batch["is_mouth"].unsqueeze(1)
        pixel_loss, square_loss = (weights * error.abs()).mean(), (weights * error.square()).mean()
        edge_loss = _edge_loss(decoded, pixels)
        kl = (0.5 * (posterior.mean.square() + posterior.std.square() - 1) - posterior.std.log()).mean()
        config = self.config
        total = pixel_loss + config.square_weight * square_loss + config.edge_weight * edge_loss + config.kl_weight * kl
        return {"total": total, "pixel": pixel_loss, "square": square_loss, "edge": edge_loss, "kl": kl}

    @torch.no_grad()
    def sample(self, folder: Path, step: int) -> None:
        """Write pictures above their reconstructions."""
        truth = self.dataset.pictures[self.dataset.held_back_clips, -1]
        pixels = as_pixels(torch.from_numpy(truth).to(self.vae.device))
        decoded = as_pictures(self.vae.decode(self.vae.encode(pixels).latent_dist.mean).sample)
        sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in (truth, decoded)])
        write_image(folder / f"{step:07d}.png", sheet)


def mouth_pixels(keypoints: Float32Array, side: int) -> npt.NDArray[np.bool_]:
    """The box around the lips of (134, 3) keypoints in a picture: (side, side) bool."""
    return _pixels_around(keypoints[LIPS, :2], side)


def eye_pixels(keypoints: Float32Array, side: int) -> npt.NDArray[np.bool_]:
    """The boxes around both eyes. Args: as of `mouth_pixels`."""
    right, left = (_pixels_around(keypoints[eye, :2], side) for eye in EYES)
    return right | left


def _pixels_around(points: Float32Array, side: int) -> npt.NDArray[np.bool_]:
    low, high = points.min(axis=0) - _MARGIN_PX, points.max(axis=0) + _MARGIN_PX
    centres = (np.arange(side) + 0.5) * CANVAS_SIZE / side
    is_column, is_row = ((low[axis] <= centres) & (centres <= high[axis]) for axis in (0, 1))
    return is_row[:, None] & is_column


def as_pixels(pictures: torch.Tensor) -> torch.Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) in [-1, 1]."""
    return rearrange(pictures, "b h w c -> b c h w").float() / 127.5 - 1


def as_pictures(pixels: torch.Tensor) -> UInt8Array:
    """(B, 3, H, W) in [-1, 1] to (B, H, W, 3) uint8."""
    bytes_ = ((pixels.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.asarray(rearrange(bytes_, "b c h w -> b h w c").cpu().numpy())


@torch.no_grad()
def encoded_pictures(vae: Autoencoder, pictures: UInt8Array) -> Iterator[torch.Tensor]:
    """Posterior means of (N, H, W, 3) uint8, some at a time: (n, C, h, w) float32."""
    for first in range(0, len(pictures), _ENCODED_AT_ONCE):
        part = torch.from_numpy(np.array(pictures[first : first + _ENCODED_AT_ONCE])).to(vae.device)
        yield vae.encode(as_pixels(part)).latent_dist.mean


def along_colour_axes(error: torch.Tensor, hue_weight: float) -> torch.Tensor:
    """Red, green and blue errors as lightness, red against green, both against blue: (B, 3, H, W)."""
    axes = error.new_tensor([[1, 1, 1], [1, -1, 0], [1, 1, -2]])
    axes = axes / axes.norm(dim=1, keepdim=True) * error.new_tensor([1.0, hue_weight, hue_weight])[:, None]
    return torch.einsum("ac,bchw->bahw", axes, error)


def _edge_loss(decoded: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """Absolute errors of horizontal and vertical differences, at full, half and quarter size."""
    losses = []
    error = decoded - pixels
    for _ in range(3):
        losses += [error.diff(dim=2).abs().mean(), error.diff(dim=3).abs().mean()]
        error = F.avg_pool2d(error, 2)
    return torch.stack(losses).mean()

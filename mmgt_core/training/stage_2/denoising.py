"""What both training processes of stage 2 share: noise and loss, and how often each condition is taken away."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from mmgt_core.encoders.image_tower import IMAGE_SIZE, ImageEncoder
from mmgt_core.training.machinery.configuration import require_between
from mmgt_core.training.stage_2 import losses
from mmgt_core.training.stage_2.masks import weights_of_places
from mmgt_core.unet.schedule import training_scheduler


@dataclass(frozen=True)
class DenoisingConfig:
    """How latents are noised, how errors are weighed, and how often each condition is taken away.

    noise_schedule: published weights were trained with `scaled_linear` and are sampled with `linear`. noise_offset:
    strength of the shift that a sample's channels share. is_noise_shared: all frames of a window get the same noise, as
    a preset with `is_noise_shared` samples them. snr_gamma: of min-SNR. face_hands_weight, lips_weight: added
    to the loss weight, 1, of cells in those masks. drop_…: probability for each sample. dropped_image: what stands for
    the image's embedding then: zeros, as at inference, or that of a picture of zeros, as in the published training.
    """

    noise_schedule: Literal["linear", "scaled_linear"]
    noise_offset: float
    snr_gamma: float
    face_hands_weight: float
    lips_weight: float
    drop_image: float
    drop_pose: float
    drop_audio: float
    drop_masks: float
    dropped_image: Literal["zeros", "embedded_zeros"] = "zeros"
    is_noise_shared: bool = False

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        for name in ("drop_image", "drop_pose", "drop_audio", "drop_masks", "noise_offset"):
            require_between(name, getattr(self, name), 0, 1)
        for name in ("snr_gamma", "face_hands_weight", "lips_weight"):
            require_between(name, getattr(self, name), 0, math.inf)


@dataclass(frozen=True)
class Kept:
    """Which samples keep which condition: (B,) bool each."""

    image: torch.Tensor
    pose: torch.Tensor
    audio: torch.Tensor
    masks: torch.Tensor


def draw_kept(config: DenoisingConfig, num_rows: int, generator: torch.Generator) -> Kept:
    """Draw the dropout of every modality, independently. Rows without an image come first, as the UNet wants them."""

    def draw(probability: float) -> torch.Tensor:
        return torch.rand(num_rows, generator=generator, device=generator.device) >= probability

    image = draw(config.drop_image).sort().values
    return Kept(image, draw(config.drop_pose), draw(config.drop_audio), draw(config.drop_masks))


def where_kept(condition: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Zeros in the rows that lose their condition: (B, …)."""
    return condition * kept.view(-1, *[1] * (condition.dim() - 1)).to(condition.dtype)


def kept_tokens(
    tokens: torch.Tensor, kept: torch.Tensor, encoder: ImageEncoder, config: DenoisingConfig
) -> torch.Tensor:
    """The portraits' embeddings, (B, 1, D), and what stands for them in the rows that lose their image."""
    if config.dropped_image == "zeros" or bool(kept.all()):
        return where_kept(tokens, kept)
    dropped = encoder(torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE, device=tokens.device)).image_embeds  # (1, D)
    return torch.where(kept[:, None, None], tokens, dropped[:, None])


def kept_features(features: Mapping[str, torch.Tensor], kept: torch.Tensor) -> dict[str, torch.Tensor]:
    """Reference features of the rows that keep their image, which are the last ones; empty where no row does."""
    return {name: value[kept] for name, value in features.items()} if bool(kept.any()) else {}


class DenoisingLoss:
    """Equation 24: v-prediction with zero terminal SNR, min-SNR weights, noise offset, weights of places."""

    def __init__(self, config: DenoisingConfig) -> None:
        self._config = config
        self._alphas = training_scheduler(config.noise_schedule).alphas_cumprod

    def __call__(
        self,
        predict: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        latents: torch.Tensor,
        cell_weights: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Noise the latents, predict, compare.

        Args:
            predict: from noisy latents, (B, C, F, h, w), and timesteps, (B,), to the velocity.
            latents: (B, C, F, h, w), scaled.
            cell_weights: (B, 1, F, h, w).
            generator: of timesteps and noise.
        """
        alphas, device = self._alphas.to(latents.device), latents.device
        batch, channels = latents.shape[:2]
        timesteps = torch.randint(0, len(alphas), (batch,), generator=generator, device=device)
        shift = torch.randn(batch, channels, 1, 1, 1, generator=generator, device=device)
        num_drawn = 1 if self._config.is_noise_shared else latents.shape[2]
        drawn = (batch, channels, num_drawn, *latents.shape[3:])
        noise = torch.randn(drawn, generator=generator, device=device).expand_as(latents)
        noise = losses.offset_noise(noise, shift, self._config.noise_offset)
        velocity = losses.velocity_target(latents, noise, timesteps, alphas)
        predicted = predict(losses.noisy_latents(latents, noise, timesteps, alphas), timesteps)
        weights = losses.min_snr_weights(losses.signal_to_noise(timesteps, alphas), self._config.snr_gamma)
        return losses.video_loss(predicted, velocity, weights, cell_weights)

    def cell_weights(self, packed_masks: torch.Tensor, size: int) -> torch.Tensor:
        """Where errors count more, with mean 1 in each frame: (B, F, 3, N) uint8 to (B, 1, F, h, w)."""
        return weights_of_places(packed_masks, size, self._config.face_hands_weight, self._config.lips_weight)

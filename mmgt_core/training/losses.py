"""The losses of both stages as plain functions (paper §III-B, III-C; spec §3 and «Stage 2 training»)."""

from dataclasses import dataclass

import torch

from mmgt_core.keypoints import FACE

_FACE_VALUES = slice(3 * FACE.start, 3 * FACE.stop)

DEFAULT_HEAD_WEIGHT = 3.0
"""Table IV's 1:3 column, as published."""

NOISE_OFFSET = 0.05
SNR_GAMMA = 5.0


@dataclass(frozen=True)
class PoseLossTerms:
    """The six terms of stage 1's loss, weighted; scalars."""

    position: torch.Tensor
    velocity: torch.Tensor
    acceleration: torch.Tensor
    head_position: torch.Tensor
    head_velocity: torch.Tensor
    head_acceleration: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        """Equation 20: the plain sum."""
        return torch.stack(self.ordered()).sum()

    def ordered(self) -> list[torch.Tensor]:
        """Whole body first, then head; position, velocity, acceleration."""
        return [
            self.position,
            self.velocity,
            self.acceleration,
            self.head_position,
            self.head_velocity,
            self.head_acceleration,
        ]


def pose_loss_terms(
    predicted: torch.Tensor,
    target: torch.Tensor,
    head_weight: float = DEFAULT_HEAD_WEIGHT,
    scales: torch.Tensor | None = None,
) -> PoseLossTerms:
    """Equations 16 to 19: squared errors of positions and of their first and second differences.

    Args:
        predicted: (B, F, 402), normalised.
        target: (B, F, 402), normalised.
        head_weight: of the face points' terms against the whole body's.
        scales: (3, 402), factors of the errors of positions, velocities and accelerations; None: 1, as published.
    """
    error = predicted - target
    squares = [error.diff(n=order, dim=1).square() for order in range(3)]
    if scales is not None:
        squares = [square * scale.square() for square, scale in zip(squares, scales, strict=True)]
    head = [head_weight * square[..., _FACE_VALUES].mean() for square in squares]
    return PoseLossTerms(*(square.mean() for square in squares), *head)


def offset_noise(noise: torch.Tensor, offset: torch.Tensor, strength: float = NOISE_OFFSET) -> torch.Tensor:
    """Noise with one shift per sample and channel. Args: noise: (B, C, F, h, w). offset: (B, C, 1, 1, 1)."""
    return noise + strength * offset


def noisy_latents(
    latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, alphas_cumprod: torch.Tensor
) -> torch.Tensor:
    """sqrt(abar) latents + sqrt(1 - abar) noise: (B, C, F, h, w). Args: timesteps: (B,)."""
    signal, sigma = _signal_and_sigma(timesteps, alphas_cumprod)
    return signal * latents + sigma * noise


def velocity_target(
    latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor, alphas_cumprod: torch.Tensor
) -> torch.Tensor:
    """sqrt(abar) noise - sqrt(1 - abar) latents: (B, C, F, h, w)."""
    signal, sigma = _signal_and_sigma(timesteps, alphas_cumprod)
    return signal * noise - sigma * latents


def signal_to_noise(timesteps: torch.Tensor, alphas_cumprod: torch.Tensor) -> torch.Tensor:
    """abar / (1 - abar): (B,)."""
    alphas = alphas_cumprod[timesteps]
    return (alphas.sqrt() / (1 - alphas).sqrt()) ** 2


def min_snr_weights(snr: torch.Tensor, gamma: float = SNR_GAMMA) -> torch.Tensor:
    """min(SNR + 1, gamma) / (SNR + 1), the min-SNR weight of a velocity target: (B,)."""
    shifted = snr + 1
    return shifted.clamp(max=gamma) / shifted


def video_loss(
    predicted: torch.Tensor, target: torch.Tensor, weights: torch.Tensor, cell_weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Equation 24: weighted mean squared error, scalar.

    Args:
        predicted, target: (B, C, F, h, w).
        weights: (B,), of the timesteps.
        cell_weights: (B, 1, F, h, w), of the places; None counts all alike.
    """
    errors = (predicted.float() - target.float()).square()
    if cell_weights is not None:
        errors = errors * cell_weights
    return (errors.flatten(1).mean(dim=1) * weights).mean()


def _signal_and_sigma(timesteps: torch.Tensor, alphas_cumprod: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    alphas = alphas_cumprod[timesteps].view(-1, 1, 1, 1, 1)
    return alphas.sqrt(), (1 - alphas).sqrt()

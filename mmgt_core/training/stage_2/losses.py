"""Stage 2's loss as plain functions (paper §III-C; spec «Stage 2 training»)."""

import torch

NOISE_OFFSET = 0.05
SNR_GAMMA = 5.0


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

"""Stage 1's diffusion: the cosine schedule, noising, and the sampler that can be given known frames (spec §3)."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

NUM_TRAIN_TIMESTEPS = 1000
_COSINE_OFFSET = 0.008
_MAX_BETA = 0.999

PredictClean = Callable[[torch.Tensor, int], torch.Tensor]
"""From the noisy sequence and the number of the step to the predicted clean one (guidance applied)."""


@dataclass(frozen=True)
class CosineSchedule:
    """Every table of the forward and reverse process: each (1000,) float32."""

    betas: torch.Tensor
    alphas_cumprod: torch.Tensor

    @property
    def alphas_cumprod_prev(self) -> torch.Tensor:
        """The product one step earlier; 1 before the first."""
        return torch.cat([torch.ones(1), self.alphas_cumprod[:-1]])


def cosine_schedule() -> CosineSchedule:
    """Betas from a squared-cosine product, computed in float64 and cast (spec §3, diffusion)."""
    steps = torch.linspace(0, NUM_TRAIN_TIMESTEPS, NUM_TRAIN_TIMESTEPS + 1, dtype=torch.float64) / NUM_TRAIN_TIMESTEPS
    product = torch.cos((steps + _COSINE_OFFSET) / (1 + _COSINE_OFFSET) * torch.pi * 0.5) ** 2
    product = product / product[0]
    betas = (1 - product[1:] / product[:-1]).clamp(0, _MAX_BETA).float()
    return CosineSchedule(betas, torch.cumprod(1.0 - betas, dim=0))


def add_noise(
    schedule: CosineSchedule, clean: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor
) -> torch.Tensor:
    """Equation 4: sqrt(abar_t) x0 + sqrt(1 - abar_t) noise. Args: clean, noise: (B, F, D). timesteps: (B,)."""
    signal = schedule.alphas_cumprod.to(clean.device)[timesteps].sqrt()[:, None, None]
    sigma = (1.0 - schedule.alphas_cumprod.to(clean.device)[timesteps]).sqrt()[:, None, None]
    return signal * clean + sigma * noise


def sampling_timesteps(num_inference_steps: int) -> list[int]:
    """From 999 down to -1, `num_inference_steps` + 1 of them; -1 stands for the clean sequence."""
    spaced = np.linspace(-1, NUM_TRAIN_TIMESTEPS - 1, num_inference_steps + 1)
    return [int(step) for step in reversed(torch.from_numpy(spaced).float().int().tolist())]


def draw_noise(num_inference_steps: int, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Everything that `sample` needs of chance, (steps, *shape): a draw for each step, in their order."""
    return torch.stack([torch.randn(shape, generator=generator) for _ in range(num_inference_steps)])


@dataclass(frozen=True)
class KnownFrames:
    """Frames that the sequence must begin with.

    values: (K, D), normalised. weights: (K,) in [0, 1]; 1 keeps the known value, less lets the prediction in.
    """

    values: torch.Tensor
    weights: torch.Tensor

    def impose(self, clean: torch.Tensor) -> torch.Tensor:
        """The predicted clean sequence, (B, F, D), with the known frames in their place."""
        num_known = len(self.values)
        weights = self.weights[:, None]
        joined = weights * self.values + (1 - weights) * clean[:, :num_known]
        return torch.cat([joined, clean[:, num_known:]], dim=1)


@dataclass(frozen=True)
class SamplerState:
    """One finished step: sequence before it, predicted clean sequence, predicted noise; each (B, F, D)."""

    step: int
    noisy: torch.Tensor
    clean: torch.Tensor
    noise: torch.Tensor


def sample(
    predict_clean: PredictClean,
    noise: torch.Tensor,
    schedule: CosineSchedule,
    known: KnownFrames | None = None,
    on_step: Callable[[SamplerState], None] | None = None,
) -> torch.Tensor:
    """Sample a sequence in [-1, 1] with the stochastic (eta 1) DDIM sampler.

    Args:
        predict_clean: the guided network.
        noise: (steps, B, F, D), standard normal: the start's, then that of each step but the last. As many of the 1000
            timesteps are visited.
        schedule: the tables.
        known: frames imposed on every predicted clean sequence, so that a segment continues the one before.
        on_step: called after each step; may raise to stop.

    Source: spec §3, diffusion; the imposing of known frames is ours.
    """
    noisy = clean = noise[0]
    for step, (time, next_time) in enumerate(pairwise(sampling_timesteps(len(noise)))):
        clean = predict_clean(noisy, step).clamp(-1.0, 1.0)
        if known is not None:
            clean = known.impose(clean)
        direction = predicted_noise(schedule, noisy, clean, time)
        state = SamplerState(step, noisy, clean, direction)
        if next_time >= 0:
            noisy = ddim_step(schedule, clean, direction, noise[step + 1], time, next_time)
        if on_step is not None:
            on_step(state)
    return clean


def predicted_noise(schedule: CosineSchedule, noisy: torch.Tensor, clean: torch.Tensor, time: int) -> torch.Tensor:
    """(sqrt(1/abar) x - x0) / sqrt(1/abar - 1)."""
    inverse = 1.0 / schedule.alphas_cumprod[time]
    return (inverse.sqrt() * noisy - clean) / (inverse - 1).sqrt()


def ddim_step(
    schedule: CosineSchedule, clean: torch.Tensor, noise: torch.Tensor, fresh: torch.Tensor, time: int, next_time: int
) -> torch.Tensor:
    """sqrt(a') x0 + sqrt(1 - a' - sigma²) eps + sigma z, with sigma of eta = 1."""
    alpha, next_alpha = schedule.alphas_cumprod[time], schedule.alphas_cumprod[next_time]
    sigma = ((1 - alpha / next_alpha) * (1 - next_alpha) / (1 - alpha)).sqrt()
    direction = (1 - next_alpha - sigma**2).clamp(min=0).sqrt()  # rounding goes below 0 where abar is tiny
    return clean * next_alpha.sqrt() + direction * noise + sigma * fresh

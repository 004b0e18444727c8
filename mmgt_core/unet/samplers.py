"""Stage 2's samplers: how the velocities predicted so far become the next latents, at every step of a video.

A deterministic sampler is linear in its noise and in the velocities. So diffusers is asked for the factors, once, with
unit vectors; the steps themselves are sums on the device, where the library would bring numbers over at each of them.
Only the published sampler runs as the library writes it, so that it agrees bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

import torch

from mmgt_core.quality import Sampler
from mmgt_core.unet.schedule import DDIM, inference_scheduler

MULTISTEP_MODULE = "mmgt_core.unet.multistep"
"""Imported by name: its library takes seconds, and the published sampler does without it."""


@dataclass(frozen=True)
class NoiseLevel:
    """Latents at a level are alpha · clean + sigma · noise."""

    alpha: float
    sigma: float


class SamplerRun(Protocol):
    """One run over some frames, all its steps in order; it remembers what its sampler needs of earlier steps."""

    def step(self, velocity: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Latents after the next step, float32, from those before it and the velocity predicted of them."""
        ...


@dataclass(frozen=True)
class SamplingSteps:
    """A sampler at a number of steps.

    timesteps: told to the network, falling. levels: of the latents before each step. begin: a run from noise.
    """

    timesteps: tuple[int, ...]
    levels: tuple[NoiseLevel, ...]
    begin: Callable[[torch.Tensor], SamplerRun]


def sampling_steps(sampler: Sampler, num_inference_steps: int) -> SamplingSteps:
    """What a sampler does at each of its steps."""
    if sampler is Sampler.DDIM:
        published = inference_scheduler(num_inference_steps)
        times = published.timesteps.tolist()
        return SamplingSteps(tuple(times), _levels(times), lambda noise: _PublishedRun(published, times))
    times, factors = import_module(MULTISTEP_MODULE).times_and_factors(sampler, num_inference_steps)
    return SamplingSteps(tuple(times), _levels(times), lambda noise: _LinearRun(factors, [noise]))


@dataclass
class _PublishedRun:
    """The published DDIM step; it needs nothing of earlier steps."""

    scheduler: DDIM
    timesteps: list[int]
    num_done: int = 0

    def step(self, velocity: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Latents after the next step."""
        timestep = self.timesteps[self.num_done]
        self.num_done += 1
        return self.scheduler.step(velocity, timestep, latents)


@dataclass
class _LinearRun:
    """Sums of the noise and the velocities so far. factors: a row per step, of the noise first, then of each velocity.

    The latents of a step are not asked: frames whose latents the caller replaces are replaced at every step.
    """

    factors: list[list[float]]
    seen: list[torch.Tensor] = field(default_factory=list)

    def step(self, velocity: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Latents after the next step."""
        row = self.factors[len(self.seen) - 1]
        self.seen.append(velocity)
        total = row[0] * self.seen[0]
        for factor, term in zip(row[1:], self.seen[1:], strict=True):
            total.add_(term, alpha=factor)
        return total


def _levels(timesteps: list[int]) -> tuple[NoiseLevel, ...]:
    signal = inference_scheduler(1).alphas_cumprod[timesteps].double()  # alpha squared
    alphas, sigmas = signal.sqrt().tolist(), (1 - signal).sqrt().tolist()
    return tuple(NoiseLevel(alpha, sigma) for alpha, sigma in zip(alphas, sigmas, strict=True))

"""Stage 2's samplers: how the velocities predicted so far become the next latents, at every step of a video.

A deterministic sampler is linear in its noise and in the velocities. So diffusers is asked for the factors, once, with
unit vectors; the steps themselves are sums on the device, where the library would bring numbers over at each of them.
Only the published sampler runs as the library writes it, so that it agrees bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler

from mmgt_core.quality import Sampler
from mmgt_core.unet.schedule import INFERENCE_SCHEDULE, inference_scheduler

_MULTISTEP_SCHEDULE = {name: value for name, value in INFERENCE_SCHEDULE.items() if name != "clip_sample"}


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
    scheduler = _multistep_scheduler(sampler, num_inference_steps)
    times = scheduler.timesteps.tolist()
    factors = _factors(scheduler)
    return SamplingSteps(tuple(times), _levels(times), lambda noise: _LinearRun(factors, [noise]))


@dataclass
class _PublishedRun:
    """diffusers' own DDIM step; it needs nothing of earlier steps."""

    scheduler: DDIMScheduler
    timesteps: list[int]
    num_done: int = 0

    def step(self, velocity: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """Latents after the next step."""
        timestep = self.timesteps[self.num_done]
        self.num_done += 1
        stepped: torch.Tensor = self.scheduler.step(velocity, timestep, latents, return_dict=False)[0]
        return stepped


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


def _multistep_scheduler(
    sampler: Sampler, num_inference_steps: int
) -> DPMSolverMultistepScheduler | UniPCMultistepScheduler:
    """diffusers' solver with its timesteps set: exactly as many as asked for (`inference_scheduler` says why)."""
    scheduler: DPMSolverMultistepScheduler | UniPCMultistepScheduler
    if sampler is Sampler.DDIM_CLEAN:  # its first order is DDIM
        scheduler = DPMSolverMultistepScheduler(**_MULTISTEP_SCHEDULE, solver_order=1, final_sigmas_type="zero")
    elif sampler is Sampler.DPM_2M:
        scheduler = DPMSolverMultistepScheduler(**_MULTISTEP_SCHEDULE, solver_order=2, final_sigmas_type="sigma_min")
    else:
        scheduler = UniPCMultistepScheduler(
            **_MULTISTEP_SCHEDULE,
            solver_order=2,
            solver_type=sampler.removeprefix("unipc_"),
            final_sigmas_type="sigma_min",
        )
    scheduler.set_timesteps(num_inference_steps)
    scheduler.timesteps = scheduler.timesteps[:num_inference_steps]
    scheduler.sigmas = torch.cat([scheduler.sigmas[:num_inference_steps], scheduler.sigmas[-1:]])
    return scheduler


def _factors(scheduler: DPMSolverMultistepScheduler | UniPCMultistepScheduler) -> list[list[float]]:
    """A row per step: what the latents after it are made of, the noise first, then the velocity of each step."""
    num_steps = len(scheduler.timesteps)
    units = torch.eye(num_steps + 1, dtype=torch.float64).view(num_steps + 1, 1, -1, 1)  # each (1, terms, 1)
    made_of, rows = units[0], []
    for step, timestep in enumerate(scheduler.timesteps):
        made_of = scheduler.step(units[step + 1], timestep, made_of, return_dict=False)[0]
        rows.append(made_of.flatten()[: step + 2].tolist())
    return rows

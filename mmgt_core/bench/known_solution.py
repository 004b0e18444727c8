"""Samplers on a model whose solution is known: `python -m mmgt_core.bench.known_solution`, a table as JSON.

Of a mixture of Gaussians the velocity of noisy data has a closed form, so the path from noise to data is an ordinary
differential equation that can be solved to any accuracy. What a sampler gives after its few steps is compared with
that, on stage 2's schedule.
"""

import json
import sys
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
import torch
from scipy.integrate import solve_ivp

from mmgt_core.quality import Sampler
from mmgt_core.unet.samplers import SamplingSteps, sampling_steps

STEP_COUNTS = (4, 6, 8, 10, 12, 15, 20, 30)
GUIDANCE_SCALES = (1.0, 3.5)
SPREADS = {"narrow": (0.05, 0.1), "wide": (0.1, 0.4)}
"""Of a mixture's components, beside centres of unit size: pictures lie on thin sheets, motion less so."""
NUM_MIXTURES, NUM_PATHS = 7, 80
_DIMENSIONS, _COMPONENTS, _ASKED_FOR = 8, 6, 2
_DISTURBANCE = 1e-4
"""Of each velocity, small enough that what becomes of it is proportional to it."""


@dataclass(frozen=True)
class Mixture:
    """Gaussians of one weight. centres: (components, D). spreads: (components, 1). A condition asks for the first."""

    centres: torch.Tensor
    spreads: torch.Tensor

    @classmethod
    def drawn(cls, seed: int, spreads: str) -> "Mixture":
        """One of unit size."""
        least, most = SPREADS[spreads]
        generator = torch.Generator().manual_seed(seed)
        centres = torch.randn((_COMPONENTS, _DIMENSIONS), generator=generator, dtype=torch.float64)
        shares = torch.rand((_COMPONENTS, 1), generator=generator, dtype=torch.float64)
        return cls(centres, least + (most - least) * shares)

    def asked_for(self) -> "Mixture":
        """What a condition leaves of it."""
        return Mixture(self.centres[:_ASKED_FOR], self.spreads[:_ASKED_FOR])

    def velocity(self, noisy: torch.Tensor, alpha: float, sigma: float) -> torch.Tensor:
        """Expected alpha · noise - sigma · data, given noisy data, (N, D) both."""
        variances = (alpha * self.spreads) ** 2 + sigma**2  # (components, 1)
        away = noisy[:, None] - alpha * self.centres  # (N, components, D)
        likelihoods = -(away**2 / variances).sum(-1) / 2 - _DIMENSIONS * variances[:, 0].log() / 2
        shares = likelihoods.softmax(1)[..., None]  # (N, components, 1)
        data = self.centres + alpha * self.spreads**2 / variances * away
        noise = sigma / variances * away
        return (shares * (alpha * noise - sigma * data)).sum(1)


@dataclass(frozen=True)
class GuidedModel:
    """A mixture as a network would tell it, guided as stage 2 is. guidance_scale: 1 is the condition alone."""

    mixture: Mixture
    guidance_scale: float

    def velocity(self, noisy: torch.Tensor, alpha: float, sigma: float) -> torch.Tensor:
        """Guided velocity, (N, D)."""
        conditional = self.mixture.asked_for().velocity(noisy, alpha, sigma)
        unconditional = self.mixture.velocity(noisy, alpha, sigma)
        return unconditional + self.guidance_scale * (conditional - unconditional)

    def solution(self, noise: torch.Tensor) -> torch.Tensor:
        """Where the path from noise ends, (N, D).

        With alpha = cos φ and sigma = sin φ the path's slope in φ is the velocity itself, from φ = π/2 to 0: smooth
        where the signal is zero, too.
        """

        def slope(angle: float, flat: np.ndarray) -> np.ndarray:
            noisy = torch.from_numpy(flat).view_as(noise)
            return self.velocity(noisy, float(np.cos(angle)), float(np.sin(angle))).numpy().ravel()

        begun, span = noise.double().numpy().ravel(), (np.pi / 2, 0.0)
        solved = solve_ivp(slope, span, begun, method="DOP853", rtol=1e-6, atol=1e-7)
        return torch.from_numpy(solved.y[:, -1]).view_as(noise)


@dataclass(frozen=True)
class Case:
    """A model, noise, where its paths end, and the spread of those ends."""

    spreads: str
    model: GuidedModel
    noise: torch.Tensor
    solution: torch.Tensor
    spread: float

    @classmethod
    def drawn(cls, seed: int, spreads: str, guidance_scale: float, num_paths: int = NUM_PATHS) -> "Case":
        """The case of a seed."""
        model = GuidedModel(Mixture.drawn(seed, spreads), guidance_scale)
        generator = torch.Generator().manual_seed(1000 + seed)
        noise = torch.randn((num_paths, _DIMENSIONS), generator=generator, dtype=torch.float64)
        solution = model.solution(noise)
        return cls(spreads, model, noise, solution, _rms(solution - solution.mean(0)))


@dataclass(frozen=True)
class Row:
    """One sampler at one number of steps. Medians over mixtures, in units of the data's own spread.

    error: RMS distance from the solution. amplification: RMS effect of independent errors of all velocities, per unit
    of theirs; of the middle path, because one between two components may go either way.
    """

    spreads: str
    guidance_scale: float
    sampler: str
    num_inference_steps: int
    error: float
    amplification: float


def sampled(
    model: GuidedModel, steps: SamplingSteps, noise: torch.Tensor, disturbances: torch.Tensor | None = None
) -> torch.Tensor:
    """What a sampler makes of noise, (N, D); disturbances, (steps, N, D), are added to the velocities."""
    run, latents = steps.begin(noise), noise
    for step, level in enumerate(steps.levels):
        velocity = model.velocity(latents, level.alpha, level.sigma)
        if disturbances is not None:
            velocity = velocity + disturbances[step]
        latents = run.step(velocity, latents)
    return latents


def measured(sampler: Sampler, num_inference_steps: int, cases: list[Case]) -> Row:
    """A sampler on all cases of one guidance scale."""
    steps, errors, amplifications = sampling_steps(sampler, num_inference_steps), [], []
    for case in cases:
        made = sampled(case.model, steps, case.noise)
        errors.append(_rms(made - case.solution) / case.spread)
        generator = torch.Generator().manual_seed(0)
        shape = (num_inference_steps, *case.noise.shape)
        disturbances = _DISTURBANCE * torch.randn(shape, generator=generator, dtype=torch.float64)
        moved = sampled(case.model, steps, case.noise, disturbances)
        amplifications.append(float((moved - made).square().mean(1).sqrt().median()) / _DISTURBANCE)
    first, medians = cases[0], (float(np.median(errors)), float(np.median(amplifications)))
    return Row(first.spreads, first.model.guidance_scale, sampler, num_inference_steps, *medians)


def table(num_mixtures: int = NUM_MIXTURES) -> list[Row]:
    """Every sampler at every number of steps, without guidance and with it."""
    rows = []
    for spreads, scale in product(SPREADS, GUIDANCE_SCALES):
        cases = [Case.drawn(seed, spreads, scale) for seed in range(num_mixtures)]
        rows += [measured(sampler, steps, cases) for sampler in Sampler for steps in STEP_COUNTS]
    return rows


def _rms(values: torch.Tensor) -> float:
    return float(values.square().mean().sqrt())


if __name__ == "__main__":
    json.dump([asdict(row) for row in table()], sys.stdout, indent=1)

"""Stage 2's noise schedule and its published sampler (spec §11, §13).

Tables and arithmetic are those of diffusers' DDIMScheduler, bit for bit; that class's import costs a start seconds.
"""

from dataclasses import dataclass

import numpy as np
import torch

INFERENCE_SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "linear",
    "clip_sample": False,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}
"""As published, in the library's words. Training used `scaled_linear`; inference keeps `linear` (spec §12, row 12)."""

_NUM_TIMES = 1000
_FIRST_BETA, _LAST_BETA = 0.00085, 0.012


@dataclass(frozen=True)
class NoiseSchedule:
    """How much noise each of the 1000 times has; all (1000,) float32 on the CPU.

    betas: by which signal is lost from each time to the next. alphas_cumprod: the signal's share of the variance.
    """

    betas: torch.Tensor
    alphas_cumprod: torch.Tensor


@dataclass(frozen=True)
class DDIM:
    """The deterministic sampler at a number of steps.

    timesteps: (steps,), falling from 999.
    """

    schedule: NoiseSchedule
    timesteps: torch.Tensor

    @property
    def alphas_cumprod(self) -> torch.Tensor:
        """The schedule's."""
        return self.schedule.alphas_cumprod

    def step(self, velocity: torch.Tensor, timestep: int, latents: torch.Tensor) -> torch.Tensor:
        """The latents after a step, by those before it and the velocity that was predicted of them.

        Source: DDIM, eq. 12 with eta 0; velocity as in Progressive Distillation, appendix D. The time that a step
        leads to is a whole number of times before, not the next entry, as in the library.
        """
        earlier = timestep - _NUM_TIMES // len(self.timesteps)
        signal = self.alphas_cumprod[timestep]
        signal_after = self.alphas_cumprod[earlier] if earlier >= 0 else torch.ones(())
        clean = self.clean(velocity, timestep, latents)
        noise = signal**0.5 * velocity + (1 - signal) ** 0.5 * latents
        return signal_after**0.5 * clean + (1 - signal_after) ** 0.5 * noise

    def clean(self, velocity: torch.Tensor, timestep: int, latents: torch.Tensor) -> torch.Tensor:
        """The latents without noise, as the velocity has them."""
        signal = self.alphas_cumprod[timestep]
        return signal**0.5 * latents - (1 - signal) ** 0.5 * velocity


def inference_scheduler(num_inference_steps: int) -> DDIM:
    """The published sampler: v-prediction, zero terminal SNR, trailing spacing.

    The times come from a floating-point range, which at some numbers of steps (61, 103, 121 …) has an entry too many:
    timestep -1, at which clean latents would be taken for noise. It is left out.
    """
    falling = np.round(np.arange(_NUM_TIMES, 0, -_NUM_TIMES / num_inference_steps)).astype(np.int64) - 1
    return DDIM(noise_schedule("linear"), torch.from_numpy(falling[:num_inference_steps]))


def training_scheduler(beta_schedule: str = "scaled_linear") -> NoiseSchedule:
    """The schedule that training noises with: as published, or inference's own `linear`."""
    return noise_schedule(beta_schedule)


def noise_schedule(beta_schedule: str) -> NoiseSchedule:
    """Betas evenly spaced (`linear`), or their roots (`scaled_linear`); then rescaled to zero terminal SNR.

    Source: "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1.
    """
    if beta_schedule == "linear":
        betas = torch.linspace(_FIRST_BETA, _LAST_BETA, _NUM_TIMES, dtype=torch.float32)
    else:
        betas = torch.linspace(_FIRST_BETA**0.5, _LAST_BETA**0.5, _NUM_TIMES, dtype=torch.float32) ** 2
    roots = torch.cumprod(1.0 - betas, dim=0).sqrt()
    first, last = roots[0].clone(), roots[-1].clone()
    shares = ((roots - last) * (first / (first - last))) ** 2
    betas = 1 - torch.cat([shares[:1], shares[1:] / shares[:-1]])
    return NoiseSchedule(betas, torch.cumprod(1.0 - betas, dim=0))

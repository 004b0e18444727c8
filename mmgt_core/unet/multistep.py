"""The multistep samplers by diffusers: their timesteps, and the factors of which their steps are sums."""

import torch
from diffusers import DPMSolverMultistepScheduler, UniPCMultistepScheduler

from mmgt_core.quality import Sampler
from mmgt_core.unet.schedule import INFERENCE_SCHEDULE

_MULTISTEP_SCHEDULE = {name: value for name, value in INFERENCE_SCHEDULE.items() if name != "clip_sample"}


def times_and_factors(sampler: Sampler, num_inference_steps: int) -> tuple[list[int], list[list[float]]]:
    """The timesteps; and a row per step: what the latents after it are made of (`step_factors`)."""
    scheduler = multistep_scheduler(sampler, num_inference_steps)
    return scheduler.timesteps.tolist(), step_factors(scheduler)


def multistep_scheduler(
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


def step_factors(scheduler: DPMSolverMultistepScheduler | UniPCMultistepScheduler) -> list[list[float]]:
    """A row per step: what the latents after it are made of, the noise first, then the velocity of each step."""
    num_steps = len(scheduler.timesteps)
    units = torch.eye(num_steps + 1, dtype=torch.float64).view(num_steps + 1, 1, -1, 1)  # each (1, terms, 1)
    made_of, rows = units[0], []
    for step, timestep in enumerate(scheduler.timesteps):
        made_of = scheduler.step(units[step + 1], timestep, made_of, return_dict=False)[0]
        rows.append(made_of.flatten()[: step + 2].tolist())
    return rows

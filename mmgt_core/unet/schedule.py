"""Stage 2's noise schedule and sampler (spec §11, §13), on diffusers' DDIM."""

from diffusers import DDIMScheduler

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
"""As published. Training used `scaled_linear`; inference keeps `linear` to reproduce the method (spec §12, row 12)."""


def inference_scheduler(num_inference_steps: int) -> DDIMScheduler:
    """The deterministic sampler, with its timesteps set: v-prediction, zero terminal SNR, trailing spacing.

    The library divides the steps by a floating-point range, which at some numbers (61, 103, 121 …) has an entry too
    many: timestep -1, at which it takes clean latents for noise. It is left out.
    """
    scheduler = DDIMScheduler(**INFERENCE_SCHEDULE)
    scheduler.set_timesteps(num_inference_steps)
    scheduler.timesteps = scheduler.timesteps[:num_inference_steps]
    return scheduler


def training_scheduler(beta_schedule: str = "scaled_linear") -> DDIMScheduler:
    """The schedule that training noises with: as published, or inference's own `linear`."""
    return DDIMScheduler(**{**INFERENCE_SCHEDULE, "beta_schedule": beta_schedule})

"""Stage 2's timetable: as many entries as steps, falling, each a time at which there is noise."""

from itertools import pairwise

import pytest
import torch
from diffusers import DDIMScheduler

from mmgt_core.unet.schedule import INFERENCE_SCHEDULE, inference_scheduler, noise_schedule

ALL_THAT_MAY_BE_ASKED_FOR = range(1, 101)
WITH_AN_ENTRY_TOO_MANY = (61, 103, 121, 122, 201)
"""Of the library's own timetable."""


@pytest.mark.parametrize("num_steps", [*ALL_THAT_MAY_BE_ASKED_FOR, *WITH_AN_ENTRY_TOO_MANY[1:]])
def test_a_timetable_has_as_many_entries_as_steps_and_falls_from_the_noisiest(num_steps: int) -> None:
    times = inference_scheduler(num_steps).timesteps.tolist()

    assert len(times) == num_steps
    assert times[0] == 999
    assert all(later < earlier for earlier, later in pairwise(times))
    assert times[-1] >= 0


@pytest.mark.parametrize("beta_schedule", ["linear", "scaled_linear"])
def test_the_tables_are_the_library_s_bit_for_bit(beta_schedule: str) -> None:
    library = DDIMScheduler(**{**INFERENCE_SCHEDULE, "beta_schedule": beta_schedule})

    own = noise_schedule(beta_schedule)

    assert torch.equal(own.betas, library.betas)
    assert torch.equal(own.alphas_cumprod, library.alphas_cumprod)


@pytest.mark.parametrize("num_steps", [1, 4, 7, 25, 30, 61])
def test_every_step_is_the_library_s_bit_for_bit(num_steps: int) -> None:
    library, own = DDIMScheduler(**INFERENCE_SCHEDULE), inference_scheduler(num_steps)
    library.set_timesteps(num_steps)
    generator = torch.Generator().manual_seed(num_steps)
    latents = torch.randn((1, 4, 3, 5, 5), generator=generator)

    assert library.timesteps.tolist()[:num_steps] == own.timesteps.tolist()
    for timestep in own.timesteps.tolist():
        velocity = torch.randn(latents.shape, generator=generator)
        expected = library.step(velocity, timestep, latents, return_dict=False)[0]
        latents = own.step(velocity, timestep, latents)
        assert torch.equal(latents, expected)

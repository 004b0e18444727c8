"""Samplers: their timetables, and what they make of a model whose solution is known."""

from itertools import pairwise

import pytest
import torch

from mmgt_core.bench.known_solution import Case, GuidedModel, Mixture, measured, sampled
from mmgt_core.quality import Sampler
from mmgt_core.unet import multistep
from mmgt_core.unet.samplers import sampling_steps
from mmgt_core.unet.schedule import inference_scheduler
from tests.unit.unet.test_schedule import ALL_THAT_MAY_BE_ASKED_FOR

OURS = [sampler for sampler in Sampler if sampler is not Sampler.DDIM]
FIRST_NOISE = float((1 - inference_scheduler(1).alphas_cumprod[0]) ** 0.5)
"""The smallest noise of the schedule, 0.029."""


def one_gaussian(spread: float) -> Mixture:
    return Mixture(torch.linspace(-1, 1, 8, dtype=torch.float64)[None], torch.full((1, 1), spread, dtype=torch.float64))


def noise_of(seed: int) -> torch.Tensor:
    return torch.randn((20, 8), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def narrow() -> list[Case]:
    return [Case.drawn(seed, "narrow", 3.5, num_paths=60) for seed in range(7)]


@pytest.fixture(scope="module")
def wide() -> list[Case]:
    return [Case.drawn(seed, "wide", 3.5, num_paths=60) for seed in range(7)]


@pytest.mark.parametrize("sampler", OURS)
def test_every_sampler_visits_the_published_timesteps_exactly_as_many_as_asked_for(sampler: Sampler) -> None:
    for num_steps in ALL_THAT_MAY_BE_ASKED_FOR:
        times = multistep.multistep_scheduler(sampler, num_steps).timesteps.tolist()

        assert times == inference_scheduler(num_steps).timesteps.tolist()
        assert len(times) == num_steps
        assert times[0] == 999
        assert times[-1] >= 0
        assert all(later < earlier for earlier, later in pairwise(times))


@pytest.mark.parametrize("sampler", Sampler)
def test_no_number_of_steps_gives_a_latent_that_is_no_number(sampler: Sampler) -> None:
    mixture = one_gaussian(0.3)
    for num_steps in (1, 2, 4, 15, 60, 61, 100):
        made = sampled(GuidedModel(mixture, 1.0), sampling_steps(sampler, num_steps), noise_of(0))

        assert made.isfinite().all()


@pytest.mark.parametrize("sampler", OURS)
def test_a_solver_begins_where_there_is_no_signal_and_ends_where_it_says(sampler: Sampler) -> None:
    scheduler = multistep.multistep_scheduler(sampler, 61)

    assert scheduler.sigmas[0] == 4096  # of noise to signal: zero terminal SNR, which diffusers floors at 2^-12
    assert len(scheduler.sigmas) == 62
    last = scheduler.sigmas[-1].item()
    assert last == (0 if sampler is Sampler.DDIM_CLEAN else pytest.approx(FIRST_NOISE, rel=1e-3))


@pytest.mark.parametrize("sampler", OURS)
@pytest.mark.parametrize("num_steps", [1, 2, 7, 15, 30])
def test_the_sums_of_a_run_are_the_librarys_own_steps(sampler: Sampler, num_steps: int) -> None:
    generator, shape = torch.Generator().manual_seed(0), (1, 4, 3, 2, 2)
    scheduler, steps = multistep.multistep_scheduler(sampler, num_steps), sampling_steps(sampler, num_steps)
    theirs = ours = torch.randn(shape, generator=generator)
    run = steps.begin(ours)

    for timestep in scheduler.timesteps:
        velocity = torch.randn(shape, generator=generator)
        theirs = scheduler.step(velocity, timestep, theirs, return_dict=False)[0]
        ours = run.step(velocity, ours)

        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)  # float32 sums in another order


def test_the_published_sampler_is_the_librarys_step_bit_for_bit() -> None:
    generator, shape = torch.Generator().manual_seed(0), (1, 4, 3, 2, 2)
    scheduler, steps = inference_scheduler(30), sampling_steps(Sampler.DDIM, 30)
    theirs = ours = torch.randn(shape, generator=generator)
    run = steps.begin(ours)

    for timestep in scheduler.timesteps:
        velocity = torch.randn(shape, generator=generator)
        theirs = scheduler.step(velocity, int(timestep), theirs)
        ours = run.step(velocity, ours)

        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("sampler", Sampler)
def test_two_runs_of_one_sampler_know_nothing_of_each_other(sampler: Sampler) -> None:
    steps, noise = sampling_steps(sampler, 3), noise_of(0)
    alone, first, second = steps.begin(noise), steps.begin(noise), steps.begin(noise_of(1))
    expected = latents = other = noise

    for _ in range(3):
        expected = alone.step(expected.sin(), expected)
        latents, other = first.step(latents.sin(), latents), second.step(other.cos(), other)

    assert torch.equal(latents, expected)


def test_the_solver_of_the_truth_agrees_with_a_gaussians_closed_form() -> None:
    mixture, noise = one_gaussian(0.3), noise_of(0)

    found = GuidedModel(mixture, 1.0).solution(noise)

    torch.testing.assert_close(found, mixture.centres + 0.3 * noise, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("sampler", Sampler)
def test_samplers_come_to_the_solution_as_steps_grow(sampler: Sampler) -> None:
    mixture, noise = one_gaussian(1.0), noise_of(0)

    few, many = (
        (sampled(GuidedModel(mixture, 1.0), sampling_steps(sampler, n), noise) - mixture.centres - noise).abs().max()
        for n in (10, 100)
    )

    assert many < few / 2


def test_the_published_sampler_ends_at_the_first_noise_at_15_steps_and_at_clean_data_at_30() -> None:
    point, noise = one_gaussian(0.0), noise_of(0)

    left = {
        n: sampled(GuidedModel(point, 1.0), sampling_steps(Sampler.DDIM, n), noise) - point.centres for n in (15, 30)
    }

    torch.testing.assert_close(left[15], FIRST_NOISE * noise, rtol=2e-2, atol=1e-3)
    assert left[30].abs().max() < 1e-4


def test_of_narrow_data_15_published_steps_are_nearer_to_the_solution_than_30(narrow: list[Case]) -> None:
    assert measured(Sampler.DDIM, 15, narrow).error < measured(Sampler.DDIM, 30, narrow).error


@pytest.mark.parametrize("spreads", ["narrow", "wide"])
def test_15_steps_of_unipc_are_nearer_to_the_solution_than_30_published_ones(
    spreads: str, request: pytest.FixtureRequest
) -> None:
    cases = request.getfixturevalue(spreads)

    assert measured(Sampler.UNIPC_BH2, 15, cases).error < measured(Sampler.DDIM, 30, cases).error


@pytest.mark.parametrize("num_steps", [8, 10])
@pytest.mark.parametrize("spreads", ["narrow", "wide"])
def test_unipc_is_nearer_to_the_solution_than_as_many_published_steps(
    num_steps: int, spreads: str, request: pytest.FixtureRequest
) -> None:
    cases = request.getfixturevalue(spreads)

    assert measured(Sampler.UNIPC_BH2, num_steps, cases).error < measured(Sampler.DDIM, num_steps, cases).error


def test_unipc_lets_no_more_of_each_steps_own_error_through_than_the_published_sampler_and_2m_much_more(
    wide: list[Case],
) -> None:
    published, unipc, two_m = (
        measured(sampler, 15, wide).amplification for sampler in (Sampler.DDIM, Sampler.UNIPC_BH2, Sampler.DPM_2M)
    )

    assert unipc < 1.2 * published  # windows that move make such errors
    assert two_m > 2.5 * published

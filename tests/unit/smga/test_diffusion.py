"""Stage 1's sampler."""

from itertools import pairwise

import pytest
import torch

from mmgt_core.smga.diffusion import KnownFrames, SamplerState, cosine_schedule, sample, sampling_timesteps


def draw(generator: torch.Generator) -> torch.Tensor:
    return torch.randn(1, 10, 4, generator=generator)


def test_known_frames_come_out_as_they_went_in() -> None:
    known = KnownFrames(torch.linspace(-0.9, 0.9, 12).reshape(3, 4), torch.ones(3))
    generator = torch.Generator().manual_seed(0)

    result = sample(lambda noisy, time: torch.tanh(noisy), lambda: draw(generator), cosine_schedule(), 5, known)

    assert torch.equal(result[0, :3], known.values)
    assert not torch.equal(result[0, 3], known.values[-1])


def test_a_known_frame_of_half_weight_lies_halfway_to_the_prediction() -> None:
    known = KnownFrames(torch.ones(2, 4), torch.tensor([1.0, 0.5]))

    joined = known.impose(torch.zeros(1, 10, 4))

    assert torch.equal(joined[0, :3, 0], torch.tensor([1.0, 0.5, 0.0]))


def test_noise_is_drawn_once_for_the_start_and_once_a_step_but_the_last() -> None:
    draws: list[int] = []
    generator = torch.Generator().manual_seed(0)

    def counted() -> torch.Tensor:
        draws.append(1)
        return draw(generator)

    steps: list[SamplerState] = []
    sample(lambda noisy, time: torch.zeros_like(noisy), counted, cosine_schedule(), 50, on_step=steps.append)

    assert len(draws) == 50
    assert len(steps) == 50


def test_the_prediction_is_clamped() -> None:
    generator = torch.Generator().manual_seed(0)

    result = sample(lambda noisy, time: torch.full_like(noisy, 7.0), lambda: draw(generator), cosine_schedule(), 3)

    assert torch.equal(result, torch.ones(1, 10, 4))


def test_timesteps_run_from_999_to_the_clean_sequence() -> None:
    assert sampling_timesteps(50)[:3] == [999, 979, 959]
    assert sampling_timesteps(50)[-3:] == [39, 19, -1]


@pytest.mark.parametrize("num_steps", range(1, 1001, 9))
def test_stage_1s_timetable_has_as_many_entries_as_steps_then_the_clean_sequence(num_steps: int) -> None:
    *times, clean = sampling_timesteps(num_steps)

    assert (len(times), times[0], clean) == (num_steps, 999, -1)
    assert all(later < earlier for earlier, later in pairwise(times))
    assert times[-1] >= 0

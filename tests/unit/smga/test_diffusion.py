"""Stage 1's sampler."""

from itertools import pairwise

import pytest
import torch

from mmgt_core.smga.diffusion import KnownFrames, cosine_schedule, draw_noise, sample, sampling_timesteps


def noise(num_steps: int) -> torch.Tensor:
    return draw_noise(num_steps, (1, 10, 4), torch.Generator().manual_seed(0))


def test_known_frames_come_out_as_they_went_in() -> None:
    known = KnownFrames(torch.linspace(-0.9, 0.9, 12).reshape(3, 4), torch.ones(3))

    result = sample(lambda noisy, step: torch.tanh(noisy), noise(5), cosine_schedule(), known)

    assert torch.equal(result[0, :3], known.values)
    assert not torch.equal(result[0, 3], known.values[-1])


def test_a_known_frame_of_half_weight_lies_halfway_to_the_prediction() -> None:
    known = KnownFrames(torch.ones(2, 4), torch.tensor([1.0, 0.5]))

    joined = known.impose(torch.zeros(1, 10, 4))

    assert torch.equal(joined[0, :3, 0], torch.tensor([1.0, 0.5, 0.0]))


def test_each_step_but_the_last_adds_its_own_noise_to_a_sequence_that_begins_as_the_first() -> None:
    tape, steps = noise(50), []

    sample(lambda noisy, step: torch.zeros_like(noisy), tape, cosine_schedule(), on_step=steps.append)

    assert len(steps) == 50
    assert torch.equal(steps[0].noisy, tape[0])
    changed = tape.clone()
    changed[30] += 1
    others = []
    sample(lambda noisy, step: torch.zeros_like(noisy), changed, cosine_schedule(), on_step=others.append)
    assert [torch.equal(a.noisy, b.noisy) for a, b in zip(steps, others, strict=True)] == [True] * 30 + [False] * 20


def test_the_prediction_is_clamped() -> None:
    result = sample(lambda noisy, step: torch.full_like(noisy, 7.0), noise(3), cosine_schedule())

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

"""What a render worker tells of a preset's quality modes, and what it makes of a job's."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from jobs.job import JobOptions
from jobs.settings import Settings
from mmgt_core.load import load_pipeline
from mmgt_core.quality import Quality, Sampler, VideoSampling, WindowSchedule
from tests.small_preset import SMALL
from worker.method_pipeline import MethodPipeline, sampling_options

FAST = VideoSampling(6, 2.0, quality=Quality.FAST, sampler=Sampler.UNIPC_BH2, window_schedule=WindowSchedule.SHIFTED)
PRESET = replace(SMALL, resolution=64, faster_modes=(FAST,), default_quality=Quality.FAST)


@pytest.fixture(scope="module")
def method() -> MethodPipeline:
    pipeline = load_pipeline(PRESET, Path("none"), torch.device("cpu"), torch.float32)
    return MethodPipeline(pipeline, Settings(), None)


def test_a_worker_tells_its_modes_best_first_and_what_the_default_takes(method: MethodPipeline) -> None:
    model = method.model

    assert (model["qualities"], model["default_quality"]) == (["exact", "fast"], "fast")
    assert (model["num_inference_steps"], model["guidance_scale"]) == (6, 2.0)


@pytest.mark.parametrize(
    ("asked", "expected"), [(None, Quality.FAST), ("fast", Quality.FAST), ("exact", Quality.EXACT)]
)
def test_a_job_is_rendered_in_the_mode_that_it_asks_for(asked: str | None, expected: Quality) -> None:
    options = sampling_options(JobOptions(seed=1, quality=asked))

    assert options.video_sampling(PRESET).quality is expected


def test_a_jobs_own_numbers_win_over_its_modes() -> None:
    options = sampling_options(JobOptions(seed=1, quality="fast", num_inference_steps=9))

    sampling = options.video_sampling(PRESET)

    assert (sampling.num_inference_steps, sampling.guidance_scale, sampling.sampler) == (9, 2.0, Sampler.UNIPC_BH2)

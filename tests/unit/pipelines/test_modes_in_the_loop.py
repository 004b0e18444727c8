"""Quality modes through the denoising loop: what is asked of which network, and stretch after stretch."""

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.config import SamplingOptions
from mmgt_core.errors import WeightsError
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.denoising import FrameNoise, denoise, sampling_plan
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pipelines.shifted_windows import shifted_windows
from mmgt_core.pipelines.windows import stretches
from mmgt_core.quality import GUIDED_MODES, STUDENT_MODE, Quality, Sampler, VideoSampling, WindowSchedule
from mmgt_core.types import PoseSequence, Waveform
from tests.small_preset import SMALL

NUM_FRAMES = 20
SHIFTED = VideoSampling(
    4, 3.5, quality=Quality.FAST, sampler=Sampler.UNIPC_BH2, window_schedule=WindowSchedule.SHIFTED,
    guided_from=800, guided_to=400,
)  # fmt: skip
PRESET = replace(SMALL, resolution=64, faster_modes=(SHIFTED, STUDENT_MODE))


@pytest.fixture
def pipeline() -> AudioToVideo:
    return load_pipeline(PRESET, Path("none"), torch.device("cpu"), torch.float32)


def render(pipeline: AudioToVideo, quality: Quality) -> np.ndarray:
    keypoints = np.random.default_rng(0).uniform(100, 400, (NUM_FRAMES, 134, 3)).astype(np.float32)
    speech = Waveform(np.random.default_rng(1).normal(0, 0.1, NUM_FRAMES * 640).astype(np.float32))
    image, poses = np.zeros((512, 512, 3), np.uint8), iter((PoseSequence(keypoints),))
    frames = pipeline.frames(image, keypoints[0], poses, speech, SamplingOptions(quality=quality), RunControl())
    return np.stack([frame.image for frame in frames])


def test_guidance_is_computed_only_at_the_steps_within_its_interval(pipeline: AudioToVideo) -> None:
    rows: dict[int, set[int]] = {}
    pipeline.pose_to_video.denoising_unet.register_forward_pre_hook(
        lambda _, inputs: rows.setdefault(int(inputs[1]), set()).add(inputs[0].shape[0])
    )

    render(pipeline, Quality.FAST)

    assert rows == {999: {1}, 749: {2}, 499: {2}, 249: {1}}


@pytest.mark.parametrize("mode", GUIDED_MODES, ids=lambda mode: mode.quality)
def test_80_frames_take_seven_windows_a_step_instead_of_ten(mode: VideoSampling) -> None:
    plan = sampling_plan(lambda step: shifted_windows(80, 12, step), mode)

    (exact,) = stretches(WindowSchedule.LINEAR, 80, 12, 4)
    assert [len(step.windows) for step in plan.steps] == [7] * mode.num_inference_steps
    assert len(exact.windows) == 10


def test_the_students_mode_is_rendered_by_the_student_and_no_other_is(pipeline: AudioToVideo) -> None:
    teacher = pipeline.pose_to_video.denoising_unet
    student = deepcopy(teacher)
    taught = replace(pipeline, pose_to_video=replace(pipeline.pose_to_video, student_unet=student))
    calls: Counter[str] = Counter()
    for name, network in (("teacher", teacher), ("student", student)):
        network.register_forward_hook(lambda *_, name=name: calls.update([name]))

    render(taught, Quality.TURBO)
    asked_of_student = dict(calls)
    render(taught, Quality.EXACT)

    assert asked_of_student == {"student": 4 * 2}
    assert calls == {"student": 4 * 2, "teacher": 4 * 2}


def test_without_a_student_its_mode_is_not_among_those_that_can_be_had(pipeline: AudioToVideo) -> None:
    with_student = replace(pipeline.pose_to_video, student_unet=pipeline.pose_to_video.denoising_unet)

    assert [mode.quality for mode in pipeline.modes] == [Quality.EXACT, Quality.FAST]
    assert replace(pipeline, pose_to_video=with_student).modes[-1] == STUDENT_MODE
    with pytest.raises(WeightsError, match="no student for turbo"):
        render(pipeline, Quality.TURBO)


@pytest.mark.parametrize("sampler", Sampler)
def test_a_stretch_is_what_the_whole_video_would_be_whatever_the_sampler(sampler: Sampler) -> None:
    """With a velocity that each frame has of its own, borders and windows change nothing at all."""

    def own_velocity(latents: torch.Tensor, timestep: torch.Tensor, *_: object) -> torch.Tensor:
        return torch.sin(3 * latents + timestep / 300)

    num_frames = 100
    sampling = VideoSampling(5, 1.0, sampler=sampler, window_schedule=WindowSchedule.SHIFTED)
    whole = sampling_plan(lambda step: shifted_windows(num_frames, 4, step), sampling)
    expected = denoise(FrameNoise((4, 8, 8), 7).take(num_frames), whole, own_velocity).latents
    noise, begun, parts = FrameNoise((4, 8, 8), 7), None, []

    covering = stretches(WindowSchedule.SHIFTED, num_frames, 4, 2)
    for stretch in covering:
        length = len(stretch.frames)
        plan = sampling_plan(lambda step, length=length: shifted_windows(length, 4, step), sampling)  # type: ignore[misc]
        own = noise.take(length - stretch.num_begun)
        done = denoise(own, plan, own_velocity, begun=begun, num_carried=stretch.num_carried)
        begun = done.last
        parts.append(done.latents[:, :, : stretch.num_finished])

    assert len(covering) == 5
    torch.testing.assert_close(torch.cat(parts, dim=2), expected, rtol=0, atol=1e-5)  # float32 sums of one and of two

"""The denoising loop computes nothing twice, never waits for the device, and goes on where a stretch ended."""

import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmgt_core.audio.wav2vec import SpeechFeatures
from mmgt_core.config import MMGT_512, SamplingOptions
from mmgt_core.errors import Cancelled
from mmgt_core.load import load_pipeline
from mmgt_core.masks.pyramid import MaskPainter
from mmgt_core.pipelines import audio_to_video, pose_to_video
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.denoising import (
    DenoisingStep,
    FrameNoise,
    PredictVelocity,
    denoise,
    exact_plan,
)
from mmgt_core.pipelines.drawn_poses import PoseDrawing, drawn_poses
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pipelines.window_conditions import ConditionNetworks
from mmgt_core.pipelines.windows import Window, stretches, windows
from mmgt_core.processor import calls_at_once
from mmgt_core.quality import VideoSampling, WindowSchedule
from mmgt_core.types import PoseSequence, RenderedFrame, UInt8Array, Waveform
from mmgt_core.unet.conditions import PreparedWindow
from mmgt_core.unet.schedule import inference_scheduler
from tests.small_preset import SMALL

NUM_FRAMES, NUM_STEPS = 28, 3
COVERING = tuple(windows(WindowSchedule.LINEAR, NUM_FRAMES, 12, 4))
OPTIONS = SamplingOptions(num_inference_steps=NUM_STEPS)
SHORT_WINDOWS = replace(OPTIONS, num_inference_steps=2, window_frames=4, window_overlap=2)
"""A stretch of ten of them is 22 frames."""


@pytest.fixture
def pipeline() -> AudioToVideo:
    return load_pipeline(replace(SMALL, resolution=64), Path("none"), torch.device("cpu"), torch.float32)


def moving_poses(num_frames: int) -> PoseSequence:
    return PoseSequence(np.random.default_rng(0).uniform(100, 400, (num_frames, 134, 3)).astype(np.float32))


def noise_of_speech(num_frames: int) -> Waveform:
    return Waveform(np.random.default_rng(1).normal(0, 0.1, num_frames * 640).astype(np.float32))


def conditions_of(pipeline: AudioToVideo) -> dict[Window, PreparedWindow]:
    painter = MaskPainter(pipeline.preset.mask_level_sizes, OPTIONS.background, OPTIONS.mask_motion)
    networks = ConditionNetworks(
        pipeline.pose_guider,
        pipeline.audio_projection,
        pipeline.pose_to_video.denoising_unet,
        OPTIONS.region_weights,
        painter,
    )
    speech = SpeechFeatures(pipeline.wav2vec, noise_of_speech(NUM_FRAMES)).window(range(NUM_FRAMES))
    with drawn_poses(iter((moving_poses(NUM_FRAMES),)), PoseDrawing(64, painter)) as poses:
        return networks.of_windows(COVERING, poses.take(range(NUM_FRAMES)), speech, lambda: None)


def denoised(pipeline: AudioToVideo) -> torch.Tensor:
    render, sampling = pipeline.pose_to_video, OPTIONS.video_sampling(pipeline.preset)
    clip = render.prepared_clip(np.zeros((512, 512, 3), np.uint8), pipeline.preset.resolution)
    noise = render.noise(pipeline.preset.latent_size, 1).take(NUM_FRAMES)
    conditions = conditions_of(pipeline)
    return render.denoise(noise, clip, exact_plan(COVERING, sampling), conditions.__getitem__).latents


def rendered(pipeline: AudioToVideo, num_frames: int, options: SamplingOptions) -> Iterator[RenderedFrame]:
    poses = moving_poses(num_frames)
    one_by_one = (PoseSequence(keypoints[None]) for keypoints in poses.keypoints)
    image = np.zeros((512, 512, 3), np.uint8)
    return pipeline.frames(image, poses.keypoints[0], one_by_one, noise_of_speech(num_frames), options, RunControl())


def test_the_loop_never_reads_a_number_back_from_the_device(pipeline: AudioToVideo) -> None:
    render = pipeline.pose_to_video
    modules = [render.vae, render.image_encoder, render.reference_unet, render.denoising_unet]
    for module in [*modules, pipeline.pose_guider, pipeline.audio_projection, pipeline.wav2vec]:
        module.to("meta")  # a device without numbers: reading one back raises

    latents = denoised(pipeline)

    assert latents.device.type == "meta"
    assert latents.shape == (1, 4, NUM_FRAMES, 8, 8)
    with pytest.raises(RuntimeError):
        latents.sum().item()


def test_whatever_the_length_each_network_runs_once_for_what_does_not_change_from_step_to_step(
    pipeline: AudioToVideo,
) -> None:
    calls: Counter[str] = Counter()
    render, num_frames = pipeline.pose_to_video, 100
    networks = {
        "image_encoder": render.image_encoder,
        "vae_encoder": render.vae.encoder,
        "reference_unet": render.reference_unet,
        "denoising_unet": render.denoising_unet,
        "pose_guider": pipeline.pose_guider,
        "audio_projection": pipeline.audio_projection,
        "wav2vec": pipeline.wav2vec.feature_extractor,
    }
    for name, network in networks.items():
        network.register_forward_hook(lambda *_, name=name: calls.update([name]))

    num_rendered = sum(1 for _ in rendered(pipeline, num_frames, SHORT_WINDOWS))

    num_windows = len(windows(WindowSchedule.LINEAR, num_frames, 4, 2))
    covering = stretches(WindowSchedule.LINEAR, num_frames, 4, 2)
    num_blocks = sum(-(-len(stretch.frames) // 12) for stretch in covering)
    assert len(covering) == 5
    assert num_rendered == num_frames
    once = {"image_encoder": 1, "vae_encoder": 1, "reference_unet": 1, "wav2vec": 1}
    per_frame = {"pose_guider": num_blocks, "audio_projection": num_blocks}  # twelve frames a call
    assert calls == {**once, **per_frame, "denoising_unet": num_windows * 2}


def test_conditions_of_a_stretch_are_gone_before_those_of_the_next_are_made(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[PreparedWindow]] = []
    alive: list[int] = []
    of_windows = ConditionNetworks.of_windows

    def noted(*given: Any) -> dict[Window, PreparedWindow]:
        alive.append(sum(window() is not None for window in made))
        windows = of_windows(*given)
        made.extend(map(weakref.ref, windows.values()))
        return windows

    monkeypatch.setattr(ConditionNetworks, "of_windows", noted)

    list(rendered(pipeline, 60, SHORT_WINDOWS))

    assert len(alive) >= 3
    assert set(alive) == {0}


def test_free_memory_goes_back_before_conditions_denoising_and_decoding_of_each_stretch(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    of_windows, render = ConditionNetworks.of_windows, pipeline.pose_to_video
    for module in (audio_to_video, pose_to_video):
        monkeypatch.setattr(module, "give_back_memory", lambda: happened.append("given back"))
    monkeypatch.setattr(
        ConditionNetworks, "of_windows", lambda *given: happened.append("conditions") or of_windows(*given)
    )
    render.denoising_unet.register_forward_pre_hook(lambda *_: happened.append("denoising"))
    render.vae.decoder.register_forward_pre_hook(lambda *_: happened.append("decoding"))

    list(rendered(pipeline, 60, SHORT_WINDOWS))

    stages = [name for name, _ in groupby(happened)]
    num_stretches = len(stretches(WindowSchedule.LINEAR, 60, 4, 2))
    one = ["given back", "conditions", "given back", "denoising", "given back", "decoding"]
    assert num_stretches == 3
    assert stages == one * num_stretches


def test_every_pose_is_drawn_once(pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[UInt8Array] = []
    draw = PoseDrawing.draw
    monkeypatch.setattr(PoseDrawing, "draw", lambda *given: drawn.append(given[1]) or draw(*given))

    frames = list(rendered(pipeline, 60, SHORT_WINDOWS))

    assert len(drawn) == len(frames) == 60
    assert all(np.array_equal(frame.keypoints, keypoints) for frame, keypoints in zip(frames, drawn, strict=True))


def test_frames_leave_while_later_poses_are_still_to_be_made(pipeline: AudioToVideo) -> None:
    num_taken = 0

    def poses() -> Iterator[PoseSequence]:
        nonlocal num_taken
        for keypoints in moving_poses(200).keypoints:
            num_taken += 1
            yield PoseSequence(keypoints[None])

    own_pose, image = moving_poses(1).keypoints[0], np.zeros((512, 512, 3), np.uint8)
    frames = pipeline.frames(image, own_pose, poses(), noise_of_speech(200), SHORT_WINDOWS, RunControl())
    next(frames)
    frames.close()

    assert num_taken == stretches(WindowSchedule.LINEAR, 200, 4, 2)[0].frames.stop < 50


def test_fewer_poses_than_frames_are_refused_with_both_numbers(pipeline: AudioToVideo) -> None:
    poses, image = moving_poses(3), np.zeros((512, 512, 3), np.uint8)

    with pytest.raises(ValueError, match="3 poses for a video of at least 5 frames"):
        list(pipeline.frames(image, poses.keypoints[0], iter((poses,)), noise_of_speech(5), OPTIONS, RunControl()))


def test_what_fits_in_one_stretch_is_denoised_as_one_sum_over_all_windows_at_every_step() -> None:
    noise, sampling = FrameNoise((4, 8, 8), 1).take(NUM_FRAMES), VideoSampling(NUM_STEPS, 1.0)

    found = denoise(noise, exact_plan(COVERING, sampling), bent_velocity).latents

    scheduler, latents = inference_scheduler(NUM_STEPS), noise
    visits = torch.tensor([sum(frame in window for window in COVERING) for frame in range(NUM_FRAMES)])
    for timestep in scheduler.timesteps:
        summed = torch.zeros_like(latents)
        for window in COVERING:
            summed[:, :, list(window)] += bent_velocity(latents[:, :, list(window)], timestep, window, 1.0)
        velocity = summed / visits.view(1, 1, -1, 1, 1)
        latents = scheduler.step(velocity, int(timestep), latents)
    assert torch.equal(found, latents)


def test_windows_at_the_same_time_give_the_bits_of_one_after_the_other() -> None:
    noise, plan = FrameNoise((4, 8, 8), 1).take(NUM_FRAMES), exact_plan(COVERING, VideoSampling(NUM_STEPS, 1.0))
    second_has_begun = threading.Event()

    def after_the_second(
        latents: torch.Tensor, timestep: torch.Tensor, window: Window, guidance_scale: float
    ) -> torch.Tensor:
        if window == COVERING[1]:
            second_has_begun.set()
        assert second_has_begun.wait(10)
        return bent_velocity(latents, timestep, window, guidance_scale)

    found = denoise(noise, plan, after_the_second, num_at_once=2).latents

    assert torch.equal(found, denoise(noise, plan, bent_velocity).latents)


def test_whoever_stops_the_run_between_windows_at_the_same_time_ends_it() -> None:
    noise, plan = FrameNoise((4, 8, 8), 1).take(NUM_FRAMES), exact_plan(COVERING, VideoSampling(NUM_STEPS, 1.0))
    asked: list[Window] = []

    def check() -> None:
        if len(asked) == 2:
            raise Cancelled("stopped")
        asked.append(COVERING[len(asked)])

    with pytest.raises(Cancelled):
        denoise(noise, plan, bent_velocity, num_at_once=2, check=check)


def test_on_a_cpu_two_calls_of_a_small_network_run_at_once_and_one_of_a_large_one(pipeline: AudioToVideo) -> None:
    large = nn.ParameterList([torch.empty(60_000_000)])

    assert calls_at_once(pipeline.pose_to_video.denoising_unet) == 2
    assert calls_at_once(large) == 1
    assert calls_at_once(pipeline.pose_to_video.denoising_unet.to("meta")) == 1


def bent_velocity(latents: torch.Tensor, timestep: torch.Tensor, window: Window, guidance_scale: float) -> torch.Tensor:
    """Not the same at all steps, and each frame feels its whole window, as motion modules do it."""
    around = latents.mean(dim=2, keepdim=True)
    return torch.sin(3 * latents + timestep / 300) - 0.5 * around * torch.cos(timestep / 200)


def in_stretches(
    num_frames: int, predict: PredictVelocity, sampling: VideoSampling, overlap: int = 2
) -> list[list[DenoisingStep]]:
    """Each stretch's steps, of a video in windows of 4."""
    noise, begun = FrameNoise((4, 8, 8), 7), None
    told: list[list[DenoisingStep]] = []
    for stretch in stretches(WindowSchedule.LINEAR, num_frames, 4, overlap):
        own = noise.take(len(stretch.frames) - stretch.num_begun)
        steps: list[DenoisingStep] = []
        plan = exact_plan(stretch.windows, sampling)
        begun = denoise(own, plan, predict, begun=begun, num_carried=stretch.num_carried, on_step=steps.append).last
        told.append(steps)
    return told


@pytest.mark.parametrize("overlap", [0, 2, 3])
def test_a_stretch_is_what_the_whole_video_would_be_where_no_window_looks_back(overlap: int) -> None:
    """With a velocity that each frame has of its own, borders change nothing at all."""

    def own_velocity(latents: torch.Tensor, timestep: torch.Tensor, *_: object) -> torch.Tensor:
        return torch.sin(3 * latents + timestep / 300)

    sampling, num_frames = VideoSampling(NUM_STEPS, 1.0), 100
    covering = stretches(WindowSchedule.LINEAR, num_frames, 4, overlap)
    whole = exact_plan(tuple(windows(WindowSchedule.LINEAR, num_frames, 4, overlap)), sampling)
    expected = denoise(FrameNoise((4, 8, 8), 7).take(num_frames), whole, own_velocity).latents

    told = in_stretches(num_frames, own_velocity, sampling, overlap)

    parts = [steps[-1].latents[:, :, : s.num_finished] for steps, s in zip(told, covering, strict=True)]
    torch.testing.assert_close(torch.cat(parts, dim=2), expected, rtol=0, atol=1e-6)  # sums of one and of two windows


def test_frames_that_two_stretches_share_are_averaged_over_the_windows_of_both_at_every_step() -> None:
    """At the first step, where latents are noise, exactly; later the windows before a border have not felt it."""
    sampling, num_frames = VideoSampling(NUM_STEPS, 1.0), 42
    covering = stretches(WindowSchedule.LINEAR, num_frames, 4, 2)
    whole: list[DenoisingStep] = []
    plan = exact_plan(tuple(windows(WindowSchedule.LINEAR, num_frames, 4, 2)), sampling)
    denoise(FrameNoise((4, 8, 8), 7).take(num_frames), plan, bent_velocity, on_step=whole.append)

    first, second = in_stretches(num_frames, bent_velocity, sampling)

    begun = covering[1].frames.start
    torch.testing.assert_close(second[0].predicted, whole[0].predicted[:, :, begun:], rtol=0, atol=1e-6)
    assert torch.equal(first[0].predicted[:, :, : covering[0].num_finished], whole[0].predicted[:, :, :begun])
    departure = (second[-1].latents - whole[-1].latents[:, :, begun:]).abs().mean(dim=(0, 1, 3, 4))
    assert 0 < departure.max() < 0.2 * whole[-1].latents.std()
    assert departure[8:].max() < departure.max() / 2  # it fades with every window


def test_a_border_between_stretches_is_no_larger_jump_than_those_inside(pipeline: AudioToVideo) -> None:
    """Random networks; what differs from frame to frame is what poses and speech ask for."""
    latents: list[torch.Tensor] = []
    preset = replace(pipeline.preset, is_noise_shared=True)
    pipeline.pose_to_video.vae.post_quant_conv.register_forward_pre_hook(lambda _, given: latents.append(given[0]))

    list(rendered(replace(pipeline, preset=preset), 100, SHORT_WINDOWS))

    frames = torch.cat(latents).float()  # (F, C, h, w)
    jumps = (frames[1:] - frames[:-1]).abs().mean(dim=(1, 2, 3))
    borders = [stretch.frames.start - 1 for stretch in stretches(WindowSchedule.LINEAR, 100, 4, 2)[1:]]
    inside = torch.tensor([jump for index, jump in enumerate(jumps) if index not in borders])
    assert len(borders) == 4
    assert jumps[borders].max() <= inside.max()


@pytest.mark.parametrize("frame_shape", [(4, 8, 8), (3, 5, 1)])
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_frame_has_the_same_noise_however_the_video_is_cut(
    frame_shape: tuple[int, int, int], is_shared: bool
) -> None:
    cut, whole = FrameNoise(frame_shape, 5, is_shared), FrameNoise(frame_shape, 5, is_shared)

    parts = torch.cat([cut.take(1), cut.take(7), cut.take(4)], dim=2)

    assert torch.equal(parts, whole.take(12))
    assert torch.equal(parts[:, :, 0], parts[:, :, 11]) is is_shared
    assert not torch.equal(parts, FrameNoise(frame_shape, 6, is_shared).take(12))


def test_a_single_frames_noise_is_the_seeds_first_draw_so_that_shared_noise_never_changed() -> None:
    drawn = torch.randn((1, 4, 1, 8, 8), generator=torch.Generator().manual_seed(42))

    assert torch.equal(FrameNoise((4, 8, 8), 42, is_shared=True).take(3), drawn.expand(-1, -1, 3, -1, -1))


def test_guidance_is_linear_between_the_unguided_and_the_guided_velocity() -> None:
    # In double precision: one row and two rows are convolved by different algorithms, which round differently.
    preset = replace(SMALL, resolution=64)
    pipeline = load_pipeline(preset, Path("none"), torch.device("cpu"), torch.float64)
    render = pipeline.pose_to_video
    clip = render.prepared_clip(np.zeros((512, 512, 3), np.uint8), pipeline.preset.resolution)
    latents = render.noise(pipeline.preset.latent_size, 1).take(12)
    timestep = torch.tensor(500)
    with torch.inference_mode():
        window = conditions_of(pipeline)[COVERING[0]]

        at = {scale: render.predict(latents, timestep, clip, window, scale) for scale in (1.0, 2.0, 3.0)}

    torch.testing.assert_close(at[2.0] - at[1.0], at[3.0] - at[2.0], rtol=1e-3, atol=1e-4)  # float32 sums


@pytest.mark.parametrize("is_noise_shared", [False, True])
def test_frames_begin_from_one_noise_where_the_preset_says_so(pipeline: AudioToVideo, is_noise_shared: bool) -> None:
    begun_from: list[torch.Tensor] = []
    chosen = replace(pipeline, preset=replace(pipeline.preset, is_noise_shared=is_noise_shared))
    render = chosen.pose_to_video
    render.denoising_unet.register_forward_pre_hook(lambda _, given: begun_from.append(given[0]))

    list(rendered(chosen, 4, replace(OPTIONS, num_inference_steps=1, guidance_scale=1.0)))

    (latents,) = begun_from
    assert torch.equal(latents[:, :, 0], latents[:, :, 3]) is is_noise_shared
    assert not MMGT_512.is_noise_shared  # as the published weights were trained

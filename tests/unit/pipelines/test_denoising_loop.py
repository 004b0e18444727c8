"""The denoising loop computes nothing twice and never waits for the device."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.audio.wav2vec import SpeechFeatures
from mmgt_core.config import MMGT_512, SamplingOptions, VideoSampling, WindowSchedule
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines import window_conditions
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pipelines.window_conditions import WindowConditionSource
from mmgt_core.pipelines.windows import windows
from mmgt_core.types import PoseSequence, Waveform
from tests.small_preset import SMALL

NUM_FRAMES, NUM_STEPS = 28, 3
COVERING = windows(WindowSchedule.LINEAR, NUM_FRAMES, 12, 4)
OPTIONS = SamplingOptions(num_inference_steps=NUM_STEPS)


@pytest.fixture
def pipeline() -> AudioToVideo:
    return load_pipeline(replace(SMALL, resolution=64), Path("none"), torch.device("cpu"), torch.float32)


def conditions_of(pipeline: AudioToVideo) -> WindowConditionSource:
    numbers = np.random.default_rng(0)
    keypoints = numbers.uniform(100, 400, (NUM_FRAMES, 134, 3)).astype(np.float32)
    speech = Waveform(numbers.normal(0, 0.1, NUM_FRAMES * 640).astype(np.float32))
    return WindowConditionSource(
        preset=pipeline.preset,
        options=OPTIONS,
        pose_guider=pipeline.pose_guider,
        audio_projection=pipeline.audio_projection,
        denoising_unet=pipeline.pose_to_video.denoising_unet,
        pose_sequence=PoseSequence(keypoints),
        speech=SpeechFeatures(pipeline.wav2vec, speech),
    )


def denoise(pipeline: AudioToVideo, conditions: WindowConditionSource) -> torch.Tensor:
    render = pipeline.pose_to_video
    clip = render.prepared_clip(np.zeros((512, 512, 3), np.uint8), pipeline.preset.resolution)
    latents = render.initial_latents(NUM_FRAMES, pipeline.preset.latent_size, 1)
    return render.denoise(latents, clip, COVERING, conditions, OPTIONS.video_sampling(pipeline.preset), RunControl())


def test_the_loop_never_reads_a_number_back_from_the_device(pipeline: AudioToVideo) -> None:
    render = pipeline.pose_to_video
    modules = [render.vae, render.image_encoder, render.reference_unet, render.denoising_unet]
    for module in [*modules, pipeline.pose_guider, pipeline.audio_projection, pipeline.wav2vec]:
        module.to("meta")  # a device without numbers: reading one back raises

    latents = denoise(pipeline, conditions_of(pipeline))

    assert latents.device.type == "meta"
    assert latents.shape == (1, 4, NUM_FRAMES, 8, 8)
    with pytest.raises(RuntimeError):
        latents.sum().item()


def test_each_network_runs_once_for_what_does_not_change_from_step_to_step(pipeline: AudioToVideo) -> None:
    calls: Counter[str] = Counter()
    render = pipeline.pose_to_video
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

    denoise(pipeline, conditions_of(pipeline))

    once = {"image_encoder": 1, "vae_encoder": 1, "reference_unet": 1, "wav2vec": 1}
    per_window = {"pose_guider": len(COVERING), "audio_projection": len(COVERING)}
    assert calls == {**once, **per_window, "denoising_unet": len(COVERING) * NUM_STEPS}


def test_the_cache_of_windows_is_bounded_and_changes_no_number(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = conditions_of(pipeline)
    expected = denoise(pipeline, cached)
    monkeypatch.setattr(window_conditions, "CACHED_WINDOWS", 1)
    bounded = conditions_of(pipeline)

    latents = denoise(pipeline, bounded)

    assert (len(cached.cache), len(bounded.cache)) == (len(COVERING), 1)
    torch.testing.assert_close(latents, expected, rtol=0, atol=0)


def test_guidance_is_linear_between_the_unguided_and_the_guided_velocity() -> None:
    # In double precision: one row and two rows are convolved by different algorithms, which round differently.
    preset = replace(SMALL, resolution=64)
    pipeline = load_pipeline(preset, Path("none"), torch.device("cpu"), torch.float64)
    render = pipeline.pose_to_video
    clip = render.prepared_clip(np.zeros((512, 512, 3), np.uint8), pipeline.preset.resolution)
    latents = render.initial_latents(12, pipeline.preset.latent_size, 1)
    timestep = torch.tensor(500)
    with torch.inference_mode():
        window = conditions_of(pipeline)(COVERING[0])

        at = {
            scale: render.predict(latents, timestep, clip, window, VideoSampling(NUM_STEPS, scale))
            for scale in (1.0, 2.0, 3.0)
        }

    torch.testing.assert_close(at[2.0] - at[1.0], at[3.0] - at[2.0], rtol=1e-3, atol=1e-4)  # float32 sums


@pytest.mark.parametrize("is_noise_shared", [False, True])
def test_frames_begin_from_one_noise_where_the_preset_says_so(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch, is_noise_shared: bool
) -> None:
    begun_from = []
    monkeypatch.setattr(PoseToVideo, "denoise", lambda self, latents, *more: begun_from.append(latents))
    chosen = replace(pipeline, preset=replace(pipeline.preset, is_noise_shared=is_noise_shared))
    image, poses = np.zeros((512, 512, 3), np.uint8), PoseSequence(np.full((14, 134, 3), 200.0, np.float32))

    speech = Waveform(np.zeros(14 * 640, np.float32))
    chosen.frames(image, poses.keypoints[0], poses, speech, OPTIONS, RunControl())

    (latents,) = begun_from
    assert torch.equal(latents[:, :, 0], latents[:, :, 13]) is is_noise_shared
    assert not MMGT_512.is_noise_shared  # as the published weights were trained

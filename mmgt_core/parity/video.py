"""Stage 2 as a whole: the windowed denoising loop, its schedules, its training loss."""

from collections.abc import Iterator

import numpy as np
import torch

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.loading import load_published
from mmgt_core.checkpoints.networks import build_image_encoder, build_vae
from mmgt_core.config import ImageEncoderConfig, VAEConfig
from mmgt_core.parity.case import GoldenCase, GoldenError, Produced
from mmgt_core.parity.unet import (
    EVEN_WEIGHTS,
    denoising_unet,
    pose_guider,
    recorded_masks,
    reference_unet,
    rounded,
)
from mmgt_core.pipelines.denoising import DenoisingStep, exact_plan
from mmgt_core.pipelines.pictures import clip_pixels, pose_pixels, scaled
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.pipelines.windows import Window, windows
from mmgt_core.quality import VideoSampling, WindowSchedule
from mmgt_core.training.stage_2 import losses
from mmgt_core.types import ClipConditions, RegionWeights, WindowConditions
from mmgt_core.unet.schedule import INFERENCE_SCHEDULE, inference_scheduler, training_scheduler

_WINDOW_FRAMES, _WINDOW_OVERLAP = 12, 4


def run_pipeline(case: GoldenCase) -> Iterator[Produced]:
    """The whole loop: conditions, windows, steps, decoding; with exact and with rounded reference features."""
    loop = _RecordedLoop(case)
    yield from loop.conditions()
    half, exact = loop.clip(is_rounded=True), loop.clip(is_rounded=False)
    weights = RegionWeights(*case.config["motion_scale"])

    latents, steps = loop.denoise(half, weights)
    for step in steps:
        yield f"out/guided_pred_step{step.step}", step.predicted
        yield f"out/latents_step{step.step}", step.latents
    frames = torch.stack([loop.pipeline.decode_frame(latents[:, :, i]) for i in range(latents.shape[2])], dim=2)
    yield "out/videos", frames
    yield "out/videos_frame0_fp32", frames[:, :, 0]

    latents, steps = loop.denoise(exact, weights)
    for step in steps:
        yield f"out/bank_fp32_guided_pred_step{step.step}", step.predicted
    yield "out/latents_final_bank_fp32", latents

    latents, _ = loop.denoise(half, EVEN_WEIGHTS)
    yield "out/latents_final_eval_mode_no_motion_scale", latents


class _RecordedLoop:
    """The production pipeline on the recorded networks and inputs."""

    def __init__(self, case: GoldenCase) -> None:
        vae = build_vae(_vae_config(case))
        image_encoder = build_image_encoder(_image_encoder_config(case))
        self.case = case
        self.guider = pose_guider(case.weights("pose_guider."))
        self.pipeline = PoseToVideo(
            vae=load_published(vae, key_maps.AS_PUBLISHED, case.weights("vae."), "VAE"),
            image_encoder=load_published(
                image_encoder, key_maps.AS_PUBLISHED, case.weights("image_encoder."), "image encoder"
            ),
            reference_unet=reference_unet(case.companion("reference_unet")),
            denoising_unet=denoising_unet(case.companion("denoising_unet")),
        )
        self.resolution = case.config["size"][0]
        self.image = case["in/ref_image_uint8"].numpy()
        drawn = [scaled(image, self.resolution) for image in case["in/pose_images_uint8"].numpy()]
        self.pose_images = pose_pixels(torch.from_numpy(np.stack(drawn)))
        self.pose_features = self.guider(self.pose_images)
        num_frames = case.config["video_length"]
        self.windows = windows(WindowSchedule.LOOPING, num_frames, _WINDOW_FRAMES, _WINDOW_OVERLAP)
        if [list(window) for window in self.windows] != case.config["context_windows"]:
            raise GoldenError(f"windows of {num_frames} frames differ from the recorded ones")

    def conditions(self) -> Iterator[Produced]:
        """What the loop is conditioned by."""
        yield "mid/clip_pixel_values", clip_pixels(self.image)
        yield "mid/image_embeds", self.clip(is_rounded=False).image_tokens[:, 0]
        yield "mid/ref_latents_x2", self.pipeline.encode(self.image, self.resolution).repeat(2, 1, 1, 1)
        yield "mid/pose_cond_tensor_frame0", self.pose_images[:, :, 0]
        yield "mid/pose_fea", self.pose_features
        scheduler = inference_scheduler(self.case.config["steps"])
        yield "mid/timesteps", scheduler.timesteps
        yield "mid/alphas_cumprod", scheduler.alphas_cumprod

    def clip(self, is_rounded: bool) -> ClipConditions:
        """Conditions of the portrait; upstream rounds the features to half precision (spec §10)."""
        clip = self.pipeline.clip_conditions(self.image, self.resolution)
        if is_rounded:
            return ClipConditions(clip.image_tokens, rounded(dict(clip.reference_features)))
        return clip

    def denoise(self, clip: ClipConditions, weights: RegionWeights) -> tuple[torch.Tensor, list[DenoisingStep]]:
        """The final latents and every step."""
        steps: list[DenoisingStep] = []
        sampling = VideoSampling(self.case.config["steps"], self.case.config["guidance_scale"], weights)
        network = self.pipeline.denoising_unet
        denoised = self.pipeline.denoise(
            self.case["in/noise"],
            network.prepare_clip(clip),
            exact_plan(tuple(self.windows), sampling),
            lambda window: network.prepare_window(self._window(window), weights),
            on_step=steps.append,
        )
        return denoised.latents, steps

    def _window(self, window: Window) -> WindowConditions:
        frames = list(window)
        return WindowConditions(
            pose_features=self.pose_features[:, :, frames],
            audio_tokens=self.case["in/audio_tensor"][:, frames],
            motion_masks=recorded_masks(self.case, frames),
        )


def run_windows(case: GoldenCase) -> Iterator[Produced]:
    """Window lists for many lengths; the recording is JSON only."""
    for length, recorded in case.config.items():
        found = windows(WindowSchedule.LOOPING, int(length), _WINDOW_FRAMES, _WINDOW_OVERLAP)
        if [list(window) for window in found] != recorded:
            raise GoldenError(f"the windows of {length} frames are {found}, not {recorded}")
    yield from ()


def run_ddim_tables(case: GoldenCase) -> Iterator[Produced]:
    """The sampler's tables, and its timesteps for several step counts."""
    for key, value in case.config["scheduler_kwargs"].items():
        # steps_offset means nothing under trailing spacing.
        if key != "steps_offset" and INFERENCE_SCHEDULE.get(key) != value:
            raise GoldenError(f"scheduler_kwargs.{key} is {value}, ours is {INFERENCE_SCHEDULE.get(key)}")
    for steps, recorded in case.config["timesteps"].items():
        found = inference_scheduler(int(steps)).timesteps.tolist()
        if found != recorded:
            raise GoldenError(f"timesteps of {steps} steps are {found}, not {recorded}")
    scheduler = inference_scheduler(1)
    yield "alphas_cumprod", scheduler.alphas_cumprod
    yield "betas", scheduler.schedule.betas
    yield "final_alpha_cumprod", torch.ones(())


def run_train_loss(case: GoldenCase) -> Iterator[Produced]:
    """Noise, velocity target, SNR weights and the loss."""
    alphas = training_scheduler().alphas_cumprod
    latents, times = case["in/latents"], case["in/t"]
    noise = losses.offset_noise(case["in/noise"], case["in/offset_noise"])
    target = losses.velocity_target(latents, noise, times, alphas)
    snr = losses.signal_to_noise(times, alphas)
    weights = losses.min_snr_weights(snr)
    yield "table/alphas_cumprod_train", alphas
    yield "out/noisy", losses.noisy_latents(latents, noise, times, alphas)
    yield "out/velocity", target
    yield "out/snr", snr
    yield "out/weights", weights
    yield "out/loss", losses.video_loss(case["in/pred"], target, weights)


def _vae_config(case: GoldenCase) -> VAEConfig:
    recorded = case.config["vae_config"]
    return VAEConfig(
        block_out_channels=tuple(recorded["block_out_channels"]),
        layers_per_block=recorded["layers_per_block"],
        norm_num_groups=recorded["norm_num_groups"],
        latent_channels=recorded["latent_channels"],
        scaling_factor=recorded["scaling_factor"],
    )


def _image_encoder_config(case: GoldenCase) -> ImageEncoderConfig:
    recorded = case.config["clip_config"]
    return ImageEncoderConfig(
        hidden_size=recorded["hidden_size"],
        intermediate_size=recorded["intermediate_size"],
        num_hidden_layers=recorded["num_hidden_layers"],
        num_attention_heads=recorded["num_attention_heads"],
        patch_size=recorded["patch_size"],
        projection_dim=recorded["projection_dim"],
        hidden_act=recorded["hidden_act"],
    )

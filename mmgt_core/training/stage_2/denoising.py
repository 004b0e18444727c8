"""What both training processes of stage 2 share: noise and loss, modality dropout, motion masks, sample sheets."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from einops import rearrange, repeat

from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import IMAGE_SIZE, ImageEncoder
from mmgt_core.media.image_writing import write_image
from mmgt_core.pipelines.denoising import exact_plan
from mmgt_core.pipelines.pictures import normalised_portraits
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.quality import Quality
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import require_between
from mmgt_core.training.stage_2 import losses
from mmgt_core.types import (
    BackgroundMask,
    ClipConditions,
    MaskMotion,
    MaskPyramid,
    MotionMasks,
    UInt8Array,
    WindowConditions,
)
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.reference_unet import ReferenceUNet
from mmgt_core.unet.schedule import training_scheduler

HANDS, FACE_HANDS, LIPS = range(3)
"""Order of the packed masks' regions."""

_SAMPLE_SEED = 1


@dataclass(frozen=True)
class DenoisingConfig:
    """How latents are noised, how errors are weighed, and how often each condition is taken away.

    noise_schedule: published weights were trained with `scaled_linear` and are sampled with `linear`. noise_offset:
    strength of the shift that a sample's channels share. is_noise_shared: all frames of a window get the same noise, as
    a preset with `is_noise_shared` samples them. snr_gamma: of min-SNR. face_hands_weight, lips_weight: added
    to the loss weight, 1, of cells in those masks. drop_…: probability for each sample. dropped_image: what stands for
    the image's embedding then: zeros, as at inference, or that of a picture of zeros, as in the published training.
    """

    noise_schedule: Literal["linear", "scaled_linear"]
    noise_offset: float
    snr_gamma: float
    face_hands_weight: float
    lips_weight: float
    drop_image: float
    drop_pose: float
    drop_audio: float
    drop_masks: float
    dropped_image: Literal["zeros", "embedded_zeros"] = "zeros"
    is_noise_shared: bool = False

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        for name in ("drop_image", "drop_pose", "drop_audio", "drop_masks", "noise_offset"):
            require_between(name, getattr(self, name), 0, 1)
        for name in ("snr_gamma", "face_hands_weight", "lips_weight"):
            require_between(name, getattr(self, name), 0, math.inf)


@dataclass(frozen=True)
class Kept:
    """Which samples keep which condition: (B,) bool each."""

    image: torch.Tensor
    pose: torch.Tensor
    audio: torch.Tensor
    masks: torch.Tensor


def draw_kept(config: DenoisingConfig, num_rows: int, generator: torch.Generator) -> Kept:
    """Draw the dropout of every modality, independently. Rows without an image come first, as the UNet wants them."""

    def draw(probability: float) -> torch.Tensor:
        return torch.rand(num_rows, generator=generator, device=generator.device) >= probability

    image = draw(config.drop_image).sort().values
    return Kept(image, draw(config.drop_pose), draw(config.drop_audio), draw(config.drop_masks))


def where_kept(condition: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Zeros in the rows that lose their condition: (B, …)."""
    return condition * kept.view(-1, *[1] * (condition.dim() - 1)).to(condition.dtype)


def kept_tokens(
    tokens: torch.Tensor, kept: torch.Tensor, encoder: ImageEncoder, config: DenoisingConfig
) -> torch.Tensor:
    """The portraits' embeddings, (B, 1, D), and what stands for them in the rows that lose their image."""
    if config.dropped_image == "zeros" or bool(kept.all()):
        return where_kept(tokens, kept)
    dropped = encoder(torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE, device=tokens.device)).image_embeds  # (1, D)
    return torch.where(kept[:, None, None], tokens, dropped[:, None])


def kept_features(features: Mapping[str, torch.Tensor], kept: torch.Tensor) -> dict[str, torch.Tensor]:
    """Reference features of the rows that keep their image, which are the last ones; empty where no row does."""
    return {name: value[kept] for name, value in features.items()} if bool(kept.any()) else {}


class DenoisingLoss:
    """Equation 24: v-prediction with zero terminal SNR, min-SNR weights, noise offset, weights of places."""

    def __init__(self, config: DenoisingConfig) -> None:
        self._config = config
        self._alphas = training_scheduler(config.noise_schedule).alphas_cumprod

    def __call__(
        self,
        predict: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        latents: torch.Tensor,
        cell_weights: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Noise the latents, predict, compare.

        Args:
            predict: from noisy latents, (B, C, F, h, w), and timesteps, (B,), to the velocity.
            latents: (B, C, F, h, w), scaled.
            cell_weights: (B, 1, F, h, w).
            generator: of timesteps and noise.
        """
        alphas, device = self._alphas.to(latents.device), latents.device
        batch, channels = latents.shape[:2]
        timesteps = torch.randint(0, len(alphas), (batch,), generator=generator, device=device)
        shift = torch.randn(batch, channels, 1, 1, 1, generator=generator, device=device)
        num_drawn = 1 if self._config.is_noise_shared else latents.shape[2]
        drawn = (batch, channels, num_drawn, *latents.shape[3:])
        noise = torch.randn(drawn, generator=generator, device=device).expand_as(latents)
        noise = losses.offset_noise(noise, shift, self._config.noise_offset)
        velocity = losses.velocity_target(latents, noise, timesteps, alphas)
        predicted = predict(losses.noisy_latents(latents, noise, timesteps, alphas), timesteps)
        weights = losses.min_snr_weights(losses.signal_to_noise(timesteps, alphas), self._config.snr_gamma)
        return losses.video_loss(predicted, velocity, weights, cell_weights)

    def cell_weights(self, packed_masks: torch.Tensor, size: int) -> torch.Tensor:
        """Where errors count more, with mean 1 in each frame: (B, F, 3, N) uint8 to (B, 1, F, h, w)."""
        return weights_of_places(packed_masks, size, self._config.face_hands_weight, self._config.lips_weight)


def weights_of_places(
    packed_masks: torch.Tensor, size: int, face_hands_weight: float, lips_weight: float
) -> torch.Tensor:
    """1, and more in the masks, then brought to mean 1 in each frame: (B, F, 3, N) uint8 to (B, 1, F, h, w)."""
    finest = packed_masks[..., : size * size].float() / 255  # (B, F, 3, h w)
    weights = 1 + face_hands_weight * finest[:, :, FACE_HANDS] + lips_weight * finest[:, :, LIPS]
    weights = weights / weights.mean(dim=-1, keepdim=True)
    return rearrange(weights, "b f (h w) -> b 1 f h w", h=size)


def unpacked_masks(
    packed: torch.Tensor,
    level_sizes: tuple[int, ...],
    background: BackgroundMask,
    motion: MaskMotion,
    kept: torch.Tensor | None = None,
) -> MotionMasks:
    """Motion masks of a batch out of a dataset's bytes; rows that lose them see 1 everywhere, as with `none`.

    Args:
        packed: (B, F, 3, N) uint8: hands, face_hands, lips; levels side by side.
        level_sizes: sides of the levels, finest first.
        background: which definition of the third mask.
        motion: `still` holds each row's first frame.
        kept: (B,) bool; None keeps all.
    """
    values = packed.float() / 255
    if motion is MaskMotion.STILL:
        values = values[:, :1].expand(-1, packed.shape[1], -1, -1)
    face_hands, lips = values[:, :, FACE_HANDS], values[:, :, LIPS]  # (B, F, N)
    third = {
        BackgroundMask.HANDS: values[:, :, HANDS],
        BackgroundMask.ONE_PLUS_LIPS: 1 + lips,
        BackgroundMask.COMPLEMENT: 1 - face_hands,
    }[background]
    is_seen = torch.full((len(packed),), motion is not MaskMotion.NONE, device=packed.device)
    if kept is not None:
        is_seen = is_seen & kept

    def pyramid(region: torch.Tensor) -> MaskPyramid:
        seen = torch.where(is_seen[:, None, None], region, torch.ones_like(region))
        return tuple(seen.flatten(0, 1).split([side * side for side in level_sizes], dim=1))

    return MotionMasks(pyramid(third), pyramid(face_hands), pyramid(lips))


def image_tokens(encoder: ImageEncoder, portraits: torch.Tensor) -> torch.Tensor:
    """The portraits' embeddings: (B, 224, 224, 3) uint8 to (B, 1, D)."""
    pixels = normalised_portraits(rearrange(portraits, "b h w c -> b c h w").float() / 255)
    return encoder(pixels).image_embeds.unsqueeze(1)


def pose_pixels(pose_images: torch.Tensor) -> torch.Tensor:
    """Drawn poses as the guider takes them: (B, F, H, W, 3) uint8 to (B, 3, F, H, W) in [0, 1]."""
    return rearrange(pose_images, "b f h w c -> b c f h w").float() / 255


def repeated_features(features: Mapping[str, torch.Tensor], times: int) -> dict[str, torch.Tensor]:
    """Reference features of each row for its `times` targets: (B, N, C) to (B times, N, C)."""
    return {name: repeat(value, "b n c -> (b k) n c", k=times) for name, value in features.items()}


def reference_and_latents(
    vae: Autoencoder, batch: Batch, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scaled latents of references, (B, C, h, w), and targets, (B, F, C, h, w): stored, or sampled from pictures.

    Args:
        vae: frozen.
        batch: reference_latents and latents; or reference_picture, (B, H, W, 3), and pictures, (B, F, H, W, 3), uint8.
        generator: of the posterior's samples.
    """
    if "latents" in batch:
        return batch["reference_latents"], batch["latents"]
    pictures = torch.cat([batch["reference_picture"].unsqueeze(1), batch["pictures"]], dim=1)  # (B, 1 + F, H, W, 3)
    with torch.no_grad():
        pixels = rearrange(pictures, "b f h w c -> (b f) c h w").to(vae.dtype) / 127.5 - 1
        posterior = vae.encode(pixels).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator, device=pixels.device)
        latents = (posterior.mean + posterior.std * noise).float() * vae.config.scaling_factor
    # Contiguous: group norm's backward on a CPU ends the process with a segmentation fault on other strides.
    latents = rearrange(latents, "(b f) c h w -> b f c h w", b=len(pictures)).contiguous()
    return latents[:, 0], latents[:, 1:]


def batch_of_one(item: Batch, device: torch.device) -> Batch:
    """An item as a batch on a device."""
    return {name: value.unsqueeze(0).to(device) for name, value in item.items()}


@dataclass(frozen=True)
class SampledClip:
    """One window to look at.

    reference_latents: (C, h, w). portrait: (224, 224, 3) uint8. pose_images: (F, R, R, 3) uint8. latents: the truth's,
    (F, C, h, w).
    """

    reference_latents: torch.Tensor
    portrait: torch.Tensor
    conditions: WindowConditions
    pose_images: UInt8Array
    latents: torch.Tensor


@torch.no_grad()
def render_clip(clip: SampledClip, render: PoseToVideo, preset: Preset, seed: int = _SAMPLE_SEED) -> torch.Tensor:
    """The frames of one window as the preset samples them at its best from a seed's noise: latents, (F, C, h, w)."""
    tokens = image_tokens(render.image_encoder, clip.portrait[None])
    timestep = torch.zeros((), device=tokens.device)
    features = render.reference_unet(clip.reference_latents[None], timestep, tokens).features
    num_frames, _, size, _ = clip.latents.shape
    network, sampling = render.denoising_unet, SamplingOptions(quality=Quality.EXACT).video_sampling(preset)
    window = network.prepare_window(clip.conditions, sampling.region_weights)
    denoised = render.denoise(
        render.noise(size, seed, preset.is_noise_shared).take(num_frames),
        network.prepare_clip(ClipConditions(tokens, features)),
        exact_plan((tuple(range(num_frames)),), sampling),
        lambda _: window,
    )
    return rearrange(denoised.latents, "1 c f h w -> f c h w")


class Stage2Networks(Protocol):
    """What renders frames."""

    @property
    def denoising_unet(self) -> DenoisingUNet: ...
    @property
    def reference_unet(self) -> ReferenceUNet: ...
    @property
    def image_encoder(self) -> ImageEncoder: ...
    @property
    def vae(self) -> Autoencoder: ...


def renderer(networks: Stage2Networks) -> PoseToVideo:
    """Stage 2's networks as the pipeline renders with them."""
    return PoseToVideo(networks.vae, networks.image_encoder, networks.reference_unet, networks.denoising_unet)


def write_samples(path: Path, clips: list[SampledClip], networks: Stage2Networks, preset: Preset) -> None:
    """Write a picture with three rows a clip: poses, generated as the preset samples, truth as the autoencoder has it.

    Each row begins with the reference.
    """
    render = renderer(networks)
    rows = []
    for clip in clips:
        reference = decoded(render, clip.reference_latents[None])[0]
        generated, truth = decoded(render, render_clip(clip, render, preset)), decoded(render, clip.latents)
        rows += [np.concatenate([reference, *row], axis=1) for row in (clip.pose_images, generated, truth)]
    write_image(path, np.concatenate(rows))


def decoded(render: PoseToVideo, latents: torch.Tensor) -> UInt8Array:
    """Pictures, (F, R, R, 3) uint8."""
    frames = render.decode_frame(latents)  # (F, 3, R, R) in [0, 1]
    return np.asarray((rearrange(frames, "f c h w -> f h w c") * 255).round().to(torch.uint8).cpu().numpy())

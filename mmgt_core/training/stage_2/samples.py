"""Windows to look at: rendered as the preset samples, beside their poses and the truth."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.media.image_writing import write_image
from mmgt_core.pipelines.denoising import exact_plan
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.quality import Quality
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.stage_2.conditions import image_tokens, pose_pixels, reference_and_latents
from mmgt_core.training.stage_2.masks import unpacked_masks
from mmgt_core.training.stage_2.networks import Stage2Networks, VideoNetworks
from mmgt_core.types import BackgroundMask, ClipConditions, MaskMotion, UInt8Array, WindowConditions

_SAMPLE_SEED = 1


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


def sampled_clip(
    networks: VideoNetworks, batch: Batch, preset: Preset, background: BackgroundMask, motion: MaskMotion
) -> SampledClip:
    """One window with its conditions.

    Args:
        networks: that read the conditions.
        batch: a batch of one of `ClipWindows.item`.
        preset: of the networks.
        background, motion: which motion masks are seen.
    """
    device = networks.denoising_unet.conv_in.weight.device
    references, latents = reference_and_latents(networks.vae, batch, torch.Generator(device).manual_seed(0))
    return SampledClip(
        reference_latents=references[0],
        portrait=batch["portrait"][0],
        conditions=WindowConditions(
            pose_features=networks.pose_guider(pose_pixels(batch["pose_images"])),
            audio_tokens=networks.audio_projection(batch["speech"]),
            motion_masks=unpacked_masks(batch["masks"], preset.mask_level_sizes, background, motion),
        ),
        pose_images=batch["pose_images"][0].cpu().numpy(),
        latents=latents[0],
    )


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

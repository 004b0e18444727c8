"""A batch of stage 2's data as its networks take it: portraits, drawn poses, latents."""

from collections.abc import Mapping

import torch
from einops import rearrange, repeat

from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.encoders.image_tower import ImageEncoder
from mmgt_core.pipelines.pictures import normalised_portraits
from mmgt_core.training.machinery.batches import Batch


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

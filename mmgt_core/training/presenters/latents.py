"""Presenters' latents: the small autoencoder's brought to unit variance, and a dataset that one has encoded."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import Preset
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.training.machinery.checkpointing import export_weights
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.machinery.loop import Progress, ignore_progress
from mmgt_core.training.machinery.rows import array_path
from mmgt_core.training.presenters.autoencoder import encoded_pictures
from mmgt_core.training.presenters.dataset import LATENTS, PresenterDataset
from mmgt_core.training.stage_2.starts import VAE_NAME, loaded

STANDARDISED = "standardised"
"""In the folder of a finished autoencoder: the same, its latents at unit variance, which is what stage 2 learns."""
_MEASURED_CLIPS = 64
_CLIPS_AT_ONCE = 16


def standardise_vae(run: Path, folder: Path, preset: Preset) -> Path:
    """Bring the latents of a finished run's autoencoder to unit variance: `standardised/vae.safetensors` in its folder.

    Args:
        run: the training's folder.
        folder: of the presenters that it is measured on.
        preset: of both.
    """
    dataset = PresenterDataset.open(folder)
    vae = loaded(build_vae(preset.vae), run / f"{VAE_NAME}.safetensors")
    stride = max(1, dataset.num_clips // _MEASURED_CLIPS)
    measured = [next(encoded_pictures(vae, rows)) for rows in dataset.pictures[::stride]]
    standardise_latents(vae, torch.cat(measured))
    target = run / STANDARDISED
    target.mkdir(exist_ok=True)
    return export_weights(target, VAE_NAME, vae)


@torch.no_grad()
def standardise_latents(vae: Autoencoder, latents: torch.Tensor) -> None:
    """Fold mean and spread of each channel of the latents into the layers on either side of them, in place.

    Args:
        vae: afterwards its latents have zero mean and unit variance, so that its scaling factor is 1.
        latents: (N, C, h, w), posterior means of many pictures, before.
    """
    mean, spread = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    encoder, decoder, channels = vae.quant_conv, vae.post_quant_conv, len(mean)
    assert encoder.bias is not None
    assert decoder.bias is not None
    encoder.weight[:channels] /= spread[:, None, None, None]
    encoder.bias[:channels] = (encoder.bias[:channels] - mean) / spread
    encoder.bias[channels:] -= 2 * spread.log()  # the log-variances
    decoder.bias += decoder.weight[:, :, 0, 0] @ mean
    decoder.weight *= spread[None, :, None, None]


def adopt_vae(
    path: Path, folder: Path, preset: Preset, device: torch.device, on_progress: Progress = ignore_progress
) -> None:
    """Give a dataset a standardised autoencoder, and encode everything.

    Args:
        path: of the autoencoder.
        folder: of the presenters; `vae.safetensors` is written there last.
        preset: of both.
        device: that encodes.
        on_progress: told clips encoded and all.
    """
    vae = loaded(build_vae(preset.vae), path).to(device)
    write_latents(vae, PresenterDataset.open(folder), on_progress)
    export_weights(folder, VAE_NAME, vae)


def adopted_vae(folder: Path, preset: Preset) -> Autoencoder:
    """The autoencoder that made the folder's latents. Raises: ConfigurationError: there is none."""
    if not array_path(folder, LATENTS).is_file():
        raise ConfigurationError(f"{folder} has no latents: train the autoencoder first (`mmgt train demo`)")
    return loaded(build_vae(preset.vae), folder / f"{VAE_NAME}.safetensors")


def write_latents(
    vae: Autoencoder, dataset: PresenterDataset, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Encode every picture of a dataset into its `latents`; written whole or not at all."""
    clips, frames, side = dataset.pictures.shape[:3]
    channels, size = vae.config.latent_channels, side // 2 ** (len(vae.config.block_out_channels) - 1)
    final = array_path(dataset.folder, LATENTS)
    part = final.with_suffix(".part")
    latents = np.lib.format.open_memmap(part, mode="w+", dtype=np.float16, shape=(clips, frames, channels, size, size))
    for first in range(0, clips, _CLIPS_AT_ONCE):
        pictures = rearrange(dataset.pictures[first : first + _CLIPS_AT_ONCE], "c f h w k -> (c f) h w k")
        rows = torch.cat(list(encoded_pictures(vae, pictures))) * vae.config.scaling_factor
        end = first + len(pictures) // frames
        latents[first:end] = rearrange(rows.cpu().numpy(), "(c f) k h w -> c f k h w", f=frames)
        on_progress(end, clips)
    latents.flush()
    part.rename(final)

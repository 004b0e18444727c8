"""Where stage 2's networks start: random, Stable Diffusion's UNet and AnimateDiff's modules, or an earlier run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from mmgt_core.checkpoints.encoder_keys import image_encoder_from_published, vae_from_published
from mmgt_core.checkpoints.folders import network_file
from mmgt_core.checkpoints.networks import build_image_encoder
from mmgt_core.checkpoints.published_names import require_same_layout
from mmgt_core.checkpoints.starting_points import start_from_animate_diff, start_from_stable_diffusion
from mmgt_core.checkpoints.untrained import set_positions
from mmgt_core.config import Preset
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.stage_2.networks import ImageNetworks, VideoNetworks, silence_new_modules
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet

VAE_NAME = "vae"
DENOISING_UNET = "denoising_unet"
_KEPT_WHOLE = ("reference_unet", "pose_guider", "image_encoder")
"""Process 2 goes on with them as they are; the denoising UNet gets its new modules."""
AUDIO_PROJECTION = "audio_projection"
VIDEO_NETWORKS = (DENOISING_UNET, *_KEPT_WHOLE, AUDIO_PROJECTION)
"""Process 2's own, beside the frozen autoencoder."""
_OWN_NAMES = {VAE_NAME: vae_from_published, "image_encoder": image_encoder_from_published}
"""Older files of these libraries have other names for some tensors."""
_STABLE_DIFFUSION, _ANIMATE_DIFF = "unet.safetensors", "motion_modules.safetensors"

Network = TypeVar("Network", bound=nn.Module)
Built = TypeVar("Built")


def image_networks(preset: Preset, vae: Autoencoder, start: Path | None, seed: int) -> ImageNetworks:
    """Process 1's networks.

    Args:
        preset: of the networks.
        vae: frozen.
        start: None for random ones; else a folder with `unet.safetensors` (Stable Diffusion 1.5 class) and
            `image_encoder.safetensors`, both under their libraries' names.
        seed: of what is random.

    Raises:
        ConfigurationError: a file is absent.
        WeightsError: its tensors are not the preset's; lists them.
    """
    networks = seeded(
        seed,
        lambda: ImageNetworks(
            denoising_unet=DenoisingUNet(preset.unet, spatial_only=True),
            reference_unet=ReferenceUNet(preset.unet),
            pose_guider=PoseGuider(preset.pose_guider),
            image_encoder=build_image_encoder(preset.image_encoder),
            vae=vae,
        ),
    )
    if start is not None:
        unet = _tensors(start / _STABLE_DIFFUSION)
        start_from_stable_diffusion(networks.denoising_unet, unet)
        start_from_stable_diffusion(networks.reference_unet, unet)
        loaded(networks.image_encoder, start / "image_encoder.safetensors")
        for value in networks.pose_guider.conv_out.parameters():
            nn.init.zeros_(value)  # the start is not disturbed by what knows nothing yet
    return networks


def video_networks(preset: Preset, vae: Autoencoder, start: Path, seed: int) -> VideoNetworks:
    """Process 2's networks: process 1's, and new modules that add nothing yet; or those of another run of process 2.

    Args:
        preset: of the networks.
        vae: frozen.
        start: the folder of process 1's run; `motion_modules.safetensors` (AnimateDiff) may stand in it as well. Or of
            a finished run of process 2, which goes on.
        seed: of what is random.

    Raises:
        ConfigurationError: a file is absent.
        WeightsError: its tensors are not the preset's; lists them.
    """
    networks = random_video_networks(preset, vae, seed)
    for name in _KEPT_WHOLE:
        loaded(getattr(networks, name), start / f"{name}.safetensors")
    if (start / f"{AUDIO_PROJECTION}.safetensors").is_file():
        for name in (DENOISING_UNET, AUDIO_PROJECTION):
            loaded(getattr(networks, name), start / f"{name}.safetensors")
        return networks
    silence_new_modules(networks.denoising_unet)
    if (start / _ANIMATE_DIFF).is_file():
        start_from_animate_diff(networks.denoising_unet, _tensors(start / _ANIMATE_DIFF))
    spatial = loaded(DenoisingUNet(preset.unet, spatial_only=True), start / f"{DENOISING_UNET}.safetensors")
    networks.denoising_unet.load_state_dict(spatial.state_dict(), strict=False)
    return networks


def random_video_networks(preset: Preset, vae: Autoencoder, seed: int) -> VideoNetworks:
    """Process 2's networks before anything is loaded into them. Args: as `video_networks`."""
    networks = seeded(
        seed,
        lambda: VideoNetworks(
            denoising_unet=DenoisingUNet(preset.unet),
            reference_unet=ReferenceUNet(preset.unet),
            pose_guider=PoseGuider(preset.pose_guider),
            image_encoder=build_image_encoder(preset.image_encoder),
            audio_projection=AudioProjection(preset.audio_projection),
            vae=vae,
        ),
    )
    with torch.no_grad():
        set_positions(networks.denoising_unet)
    return networks


def write_process_1(weights: Path, preset: Preset, folder: Path) -> None:
    """Take process 1's networks out of finished weights, into a folder that process 2 can start from.

    Args:
        weights: folder of the finished networks, NETWORK.safetensors each.
        preset: of them.
        folder: made if absent.

    Raises:
        ConfigurationError: a file is absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _KEPT_WHOLE:
        save_file(_tensors(network_file(weights, name)), folder / f"{name}.safetensors")
    spatial, whole = DenoisingUNet(preset.unet, spatial_only=True), _tensors(network_file(weights, DENOISING_UNET))
    save_file({key: whole[key] for key in spatial.state_dict()}, folder / f"{DENOISING_UNET}.safetensors")


def loaded(network: Network, path: Path) -> Network:
    """A network with a file's weights, strictly.

    Raises:
        ConfigurationError: there is no such file.
        WeightsError: its keys or shapes are not the network's; lists them.
    """
    own_names: Callable[[Mapping[str, torch.Tensor]], Mapping[str, torch.Tensor]] = _OWN_NAMES.get(path.stem, dict)
    state = own_names(_tensors(path))
    require_same_layout({key: tuple(value.shape) for key, value in network.state_dict().items()}, state, path.name)
    network.load_state_dict(state)
    return network


def seeded(seed: int, build: Callable[[], Built]) -> Built:
    """Build networks with random weights of a seed; no global generator is disturbed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise ConfigurationError(f"{path} is absent; it is what this process starts from")
    return load_file(path)

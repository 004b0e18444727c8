"""From a configuration and a folder to the processes that learn from procedural presenters.

The folder keeps the presenters; once the autoencoder is trained, it and their latents stand beside them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file
from torch import nn

from mmgt_core.checkpoints.networks import build_image_encoder, build_vae
from mmgt_core.checkpoints.published_names import require_same_keys
from mmgt_core.checkpoints.untrained import set_positions
from mmgt_core.config import PRESENTER_KEYPOINTS, Preset
from mmgt_core.load import find_preset
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.checkpointing import export_weights
from mmgt_core.training.configuration import ConfigurationError, TrainingConfiguration, fill
from mmgt_core.training.image import ImageNetworks, ImageTraining, ImageTrainingConfig, ReferenceTargets
from mmgt_core.training.keypoints import KeypointTraining, KeypointTrainingConfig, PresenterPictures
from mmgt_core.training.loop import Prepared, Progress
from mmgt_core.training.presenter_dataset import (
    LATENTS,
    PresenterDataset,
    PresenterDatasetConfig,
    array_path,
    build_presenter_dataset,
)
from mmgt_core.training.vae import (
    PictureCrops,
    VAETraining,
    VAETrainingConfig,
    encoded_pictures,
    standardise_latents,
    write_latents,
)
from mmgt_core.training.video import (
    ClipWindows,
    VideoNetworks,
    VideoTraining,
    VideoTrainingConfig,
    silence_new_modules,
)
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider
from mmgt_core.unet.reference_unet import ReferenceUNet

VAE_NAME = "vae"
PROCESS_1_NETWORKS = ("denoising_unet", "reference_unet", "pose_guider", "image_encoder")
_MEASURED_CLIPS = 64

Network = TypeVar("Network", bound=nn.Module)
Built = TypeVar("Built")


@dataclass(frozen=True)
class VAEOptions:
    """The table `[vae]`."""

    preset: str
    presenters: PresenterDatasetConfig
    training: VAETrainingConfig


@dataclass(frozen=True)
class KeypointOptions:
    """The table `[keypoints]`."""

    preset: str
    presenters: PresenterDatasetConfig
    training: KeypointTrainingConfig


@dataclass(frozen=True)
class ImageOptions:
    """The table `[image]`."""

    preset: str
    presenters: PresenterDatasetConfig
    training: ImageTrainingConfig


@dataclass(frozen=True)
class VideoOptions:
    """The table `[video]`; start: the folder of process 1's run."""

    preset: str
    start: str
    presenters: PresenterDatasetConfig
    training: VideoTrainingConfig


def prepare_vae(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The small autoencoder. Raises: ConfigurationError: an unknown key, or a value that cannot be."""
    options = fill(VAEOptions, configuration.options, f"{configuration.name} [vae]")
    preset = find_preset(options.preset)
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    vae = seeded(configuration.loop.seed, lambda: build_vae(preset.vae))
    return Prepared(VAETraining(vae, dataset, options.training), PictureCrops(dataset, options.training))


def adopt_vae(run: Path, folder: Path, preset: Preset) -> None:
    """Give a dataset the autoencoder of a finished run, its latents brought to unit variance, and encode everything.

    Args:
        run: the training's folder.
        folder: of the presenters; `vae.safetensors` is written there last.
        preset: of both.
    """
    dataset = PresenterDataset.open(folder)
    vae = loaded(build_vae(preset.vae), run / f"{VAE_NAME}.safetensors")
    stride = max(1, dataset.num_clips // _MEASURED_CLIPS)
    measured = [next(encoded_pictures(vae, rows)) for rows in dataset.pictures[::stride]]
    standardise_latents(vae, torch.cat(measured))
    write_latents(vae, dataset)
    export_weights(folder, VAE_NAME, vae.state_dict())


def prepare_image(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """Process 1 on latents. Raises: ConfigurationError: an unknown key, or no autoencoder yet."""
    options = fill(ImageOptions, configuration.options, f"{configuration.name} [image]")
    preset = find_preset(options.preset)
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    vae = adopted_vae(folder, preset)
    networks = seeded(
        configuration.loop.seed,
        lambda: ImageNetworks(
            denoising_unet=DenoisingUNet(preset.unet, spatial_only=True),
            reference_unet=ReferenceUNet(preset.unet),
            pose_guider=PoseGuider(preset.pose_guider),
            image_encoder=build_image_encoder(preset.image_encoder),
            vae=vae,
        ),
    )
    return Prepared(
        ImageTraining(preset, networks, dataset, options.training), ReferenceTargets(dataset, options.training)
    )


def prepare_video(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """Process 2. Raises: ConfigurationError: an unknown key, or process 1's networks are absent."""
    options = fill(VideoOptions, configuration.options, f"{configuration.name} [video]")
    preset, start = find_preset(options.preset), Path(options.start)
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    vae = adopted_vae(folder, preset)
    networks = seeded(
        configuration.loop.seed,
        lambda: VideoNetworks(
            denoising_unet=denoising_unet_from_images(preset, start / "denoising_unet.safetensors"),
            reference_unet=loaded(ReferenceUNet(preset.unet), start / "reference_unet.safetensors"),
            pose_guider=loaded(PoseGuider(preset.pose_guider), start / "pose_guider.safetensors"),
            image_encoder=loaded(build_image_encoder(preset.image_encoder), start / "image_encoder.safetensors"),
            audio_projection=AudioProjection(preset.audio_projection),
            vae=vae,
        ),
    )
    return Prepared(VideoTraining(preset, networks, dataset, options.training), ClipWindows(dataset, options.training))


def prepare_keypoints(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The detector of presenters. Raises: ConfigurationError: an unknown key, or a value that cannot be."""
    options = fill(KeypointOptions, configuration.options, f"{configuration.name} [keypoints]")
    dataset = presenters(folder, find_preset(options.preset), options.presenters, num_workers, on_progress)
    network = seeded(configuration.loop.seed, lambda: KeypointNetwork(PRESENTER_KEYPOINTS))
    return Prepared(KeypointTraining(network, dataset, options.training), PresenterPictures(dataset, options.training))


def presenters(
    folder: Path, preset: Preset, config: PresenterDatasetConfig, num_workers: int, on_progress: Progress
) -> PresenterDataset:
    """The folder's presenters, drawn where they are not there yet."""
    return build_presenter_dataset(folder, preset, config, synthetic_clip, num_workers, on_progress)


def adopted_vae(folder: Path, preset: Preset) -> AutoencoderKL:
    """The autoencoder that made the folder's latents. Raises: ConfigurationError: there is none."""
    if not array_path(folder, LATENTS).is_file():
        raise ConfigurationError(f"{folder} has no latents: train the autoencoder first (`mmgt train demo`)")
    return loaded(build_vae(preset.vae), folder / f"{VAE_NAME}.safetensors")


def denoising_unet_from_images(preset: Preset, path: Path) -> DenoisingUNet:
    """Process 1's denoising UNet with new motion and audio modules that add nothing yet."""
    network = DenoisingUNet(preset.unet)
    set_positions(network)
    silence_new_modules(network)
    spatial = loaded(DenoisingUNet(preset.unet, spatial_only=True), path)
    network.load_state_dict(spatial.state_dict(), strict=False)
    return network


def loaded(network: Network, path: Path) -> Network:
    """A network with a file's weights, strictly.

    Raises:
        ConfigurationError: there is no such file.
        WeightsError: its keys are not the network's; lists them.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path} is absent; it is what this process starts from")
    state = load_file(path)
    require_same_keys(network.state_dict(), state, path.name)
    network.load_state_dict(state)
    return network


def seeded(seed: int, build: Callable[[], Built]) -> Built:
    """Build networks with random weights of a seed; no global generator is disturbed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()

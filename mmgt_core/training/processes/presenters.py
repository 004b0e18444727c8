"""From a configuration and a folder to the processes that only procedural presenters need: autoencoder, detector, end.

The folder keeps the presenters; once the autoencoder is trained, it and their latents stand beside them.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import PRESENTER_KEYPOINTS, Preset
from mmgt_core.encoders.autoencoder import Autoencoder
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.checkpointing import export_weights
from mmgt_core.training.machinery.configuration import ConfigurationError, TrainingConfiguration, fill
from mmgt_core.training.machinery.loop import Prepared, Progress, ignore_progress
from mmgt_core.training.presenters.autoencoder import (
    PictureCrops,
    VAETraining,
    VAETrainingConfig,
    encoded_pictures,
    standardise_latents,
    write_latents,
)
from mmgt_core.training.presenters.dataset import (
    LATENTS,
    PresenterDataset,
    PresenterDatasetConfig,
    array_path,
    build_presenter_dataset,
)
from mmgt_core.training.presenters.details import DetailTraining, DetailTrainingConfig, FramePairs
from mmgt_core.training.presenters.detector import KeypointTraining, KeypointTrainingConfig, PresenterPictures
from mmgt_core.training.presenters.drawn_frames import Stage2Files, draw_frames
from mmgt_core.training.stage_2.starts import VAE_NAME, loaded, seeded

STANDARDISED = "standardised"
"""In the folder of a finished autoencoder: the same, its latents at unit variance, which is what stage 2 learns."""
_MEASURED_CLIPS = 64


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
class DetailOptions:
    """The table `[details]`. start: folder of stage 2's finished networks. vae: file of their autoencoder."""

    preset: str
    start: str
    vae: str
    presenters: PresenterDatasetConfig
    training: DetailTrainingConfig


def prepare_vae(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The small autoencoder. Raises: ConfigurationError: an unknown key, or a value that cannot be."""
    options = fill(VAEOptions, configuration.options, f"{configuration.name} [vae]")
    preset = find_preset(options.preset)
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    vae = seeded(configuration.loop.seed, lambda: build_vae(preset.vae))
    return Prepared(VAETraining(vae, dataset, options.training), PictureCrops(dataset, options.training))


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


def prepare_keypoints(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The detector of presenters. Raises: ConfigurationError: an unknown key, or a value that cannot be."""
    options = fill(KeypointOptions, configuration.options, f"{configuration.name} [keypoints]")
    dataset = presenters(folder, find_preset(options.preset), options.presenters, num_workers, on_progress)
    network = seeded(configuration.loop.seed, lambda: KeypointNetwork(PRESENTER_KEYPOINTS))
    return Prepared(KeypointTraining(network, dataset, options.training), PresenterPictures(dataset, options.training))


def prepare_details(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The network that ends frames.

    Raises:
        ConfigurationError: an unknown key, a preset without such a network, or stage 2's networks are absent.
    """
    options = fill(DetailOptions, configuration.options, f"{configuration.name} [details]")
    preset = find_preset(options.preset)
    if preset.details is None:
        raise ConfigurationError(f"{preset.name} has no network that ends frames")
    if options.training.crop > preset.resolution:
        raise ConfigurationError(f"crop is {options.training.crop}; {preset.name} draws {preset.resolution} px")
    if options.presenters.frames_per_clip < 2:
        raise ConfigurationError(f"frames_per_clip is {options.presenters.frames_per_clip}; it must be 2 or more")
    config, files = preset.details, Stage2Files(Path(options.start), Path(options.vae))
    files.hashes()  # what is absent is found before anything is drawn
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    drawn = draw_frames(dataset, preset, files, num_workers, on_progress)
    network = seeded(configuration.loop.seed, lambda: DetailNetwork(config))
    data = FramePairs(dataset, drawn, options.training)
    return Prepared(DetailTraining(network, data, options.training), data)


def presenters(
    folder: Path, preset: Preset, config: PresenterDatasetConfig, num_workers: int, on_progress: Progress
) -> PresenterDataset:
    """The folder's presenters, drawn where they are not there yet."""
    return build_presenter_dataset(folder, preset, config, synthetic_clip, num_workers, on_progress)


def adopted_vae(folder: Path, preset: Preset) -> Autoencoder:
    """The autoencoder that made the folder's latents. Raises: ConfigurationError: there is none."""
    if not array_path(folder, LATENTS).is_file():
        raise ConfigurationError(f"{folder} has no latents: train the autoencoder first (`mmgt train demo`)")
    return loaded(build_vae(preset.vae), folder / f"{VAE_NAME}.safetensors")

"""From a configuration and a folder to stage 2's two processes: on procedural presenters, or on prepared videos."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import Preset
from mmgt_core.training.machinery.batches import Batch, TrainingData
from mmgt_core.training.machinery.configuration import ConfigurationError, TrainingConfiguration, fill
from mmgt_core.training.machinery.loop import Prepared, Progress
from mmgt_core.training.preparation.layout import WINDOW_FRAMES, Split
from mmgt_core.training.preparation.windows import PreparedWindows
from mmgt_core.training.presenters.dataset import PresenterDatasetConfig, presenters
from mmgt_core.training.presenters.latents import adopted_vae
from mmgt_core.training.stage_2.clips import ClipWindows, HeldMouths, ReferenceTargets, TrainingClips
from mmgt_core.training.stage_2.image import ImageTraining, ImageTrainingConfig
from mmgt_core.training.stage_2.mouth_lesson import teach_mouths
from mmgt_core.training.stage_2.prepared_clips import PreparedClips
from mmgt_core.training.stage_2.starts import VAE_NAME, image_networks, loaded, video_networks
from mmgt_core.training.stage_2.video import VideoTraining, VideoTrainingConfig

_NUM_SHOWN = 4

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageOptions:
    """Table `[image]`. start: folder of what networks start from; None: random. presenters: None: prepared videos."""

    preset: str
    training: ImageTrainingConfig
    start: str | None = None
    presenters: PresenterDatasetConfig | None = None


@dataclass(frozen=True)
class VideoOptions:
    """Table `[video]`. start: the folder of process 1's run, or process 2's. presenters: None: prepared videos."""

    preset: str
    training: VideoTrainingConfig
    start: str
    presenters: PresenterDatasetConfig | None = None


def prepare_image(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """Process 1.

    Raises:
        ConfigurationError: an unknown key, or what it starts from is absent.
        PreparedDataError: the folder holds no prepared data.
    """
    options = fill(ImageOptions, configuration.options, f"{configuration.name} [image]")
    preset, training = find_preset(options.preset), options.training
    start = None if options.start is None else Path(options.start)
    require_frames("targets_per_reference", training.targets_per_reference, 1, options.presenters)

    def of(clips: TrainingClips) -> ReferenceTargets:
        return ReferenceTargets(clips, training.targets_per_reference, training.reference)

    if options.presenters is not None:
        dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
        vae, data = adopted_vae(folder, preset), of(dataset)
        shown = _items(data, dataset.held_back_clips)
    else:
        vae = loaded(build_vae(preset.vae), (start or folder) / f"{VAE_NAME}.safetensors")
        data, held_out = (
            of(PreparedClips(PreparedWindows(folder, split), preset)) for split in (Split.TRAIN, Split.VALIDATION)
        )
        shown = _items(held_out, range(len(held_out)))
    networks = image_networks(preset, vae, start, configuration.loop.seed)
    return Prepared(ImageTraining(preset, networks, shown, training), data)


def prepare_video(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """Process 2.

    Raises:
        ConfigurationError: an unknown key, or process 1's networks are absent.
        PreparedDataError: the folder holds no prepared data.
    """
    options = fill(VideoOptions, configuration.options, f"{configuration.name} [video]")
    preset, training, start = find_preset(options.preset), options.training, Path(options.start)
    require_frames("window_frames", training.window_frames, 2, options.presenters, preset.unet.max_window_frames)

    def of(clips: TrainingClips) -> ClipWindows:
        held = HeldMouths(training.held_mouths, preset) if training.held_mouths else None
        return ClipWindows(clips, training.window_frames, training.reference, held)

    if options.presenters is not None:
        dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
        vae, data = adopted_vae(folder, preset), of(dataset)
        shown = _items(data, dataset.held_back_clips)
    else:
        vae = loaded(build_vae(preset.vae), start / f"{VAE_NAME}.safetensors")
        windows = [PreparedWindows(folder, split) for split in (Split.TRAIN, Split.VALIDATION)]
        require_speech(windows[0], preset)
        data, held_out = (of(PreparedClips(of_split, preset)) for of_split in windows)
        shown = _items(held_out, range(len(held_out)))
    networks = video_networks(preset, vae, start, configuration.loop.seed)
    if training.mouth_lesson and training.hears_audio:
        error = teach_mouths(networks.audio_projection, data.clips, training.mouth_lesson, configuration.loop.seed)
        logger.info("mouth_lesson steps=%d error=%.3f", training.mouth_lesson, error)
    return Prepared(VideoTraining(preset, networks, shown, training), data)


def require_frames(
    name: str, value: int, least: int, presenters: PresenterDatasetConfig | None, most: int = WINDOW_FRAMES
) -> None:
    """Raises: ConfigurationError: a clip of the data, or the network, has not so many frames."""
    most = min(most, WINDOW_FRAMES if presenters is None else presenters.frames_per_clip)
    if not least <= value <= most:
        raise ConfigurationError(f"{name} is {value}; with this data and network it must be {least} to {most}")


def require_speech(windows: PreparedWindows, preset: Preset) -> None:
    """Raises: ConfigurationError: the clips were prepared with another preset's speech encoder."""
    projection = preset.audio_projection
    wanted = (projection.window_frames, projection.num_layers, projection.features)
    found = tuple(windows[0].speech_features([0]).shape[1:])
    if found != wanted:
        raise ConfigurationError(
            f"a frame's speech is {found}; {preset.name} takes {wanted}: prepare with its encoders"
        )


def _items(data: TrainingData, indices: "range | list[int]") -> list[Batch]:
    """The first few, always the same."""
    return [data.item(index, np.random.default_rng(index)) for index in indices[:_NUM_SHOWN]]

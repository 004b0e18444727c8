"""From a configuration and a folder to the processes that only procedural presenters need: autoencoder, detector, end.

The folder keeps the presenters; once the autoencoder is trained, it and their latents stand beside them.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import PRESENTER_KEYPOINTS
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.training.machinery.configuration import ConfigurationError, TrainingConfiguration, fill, require_between
from mmgt_core.training.machinery.loop import Prepared, Progress
from mmgt_core.training.presenters.autoencoder import PictureCrops, VAETraining, VAETrainingConfig
from mmgt_core.training.presenters.dataset import PresenterDatasetConfig, presenters
from mmgt_core.training.presenters.details import DetailTraining, DetailTrainingConfig, FramePairs
from mmgt_core.training.presenters.detector import KeypointTraining, KeypointTrainingConfig, PresenterPictures
from mmgt_core.training.presenters.drawn_frames import draw_frames
from mmgt_core.training.presenters.figures import figures
from mmgt_core.training.presenters.moved_portraits import move_portraits
from mmgt_core.training.stage_2.finished import Stage2Files
from mmgt_core.training.stage_2.starts import seeded


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
    """The table `[details]`.

    start: folder of stage 2's finished networks. vae: file of their autoencoder. held_mouths: share of the clips that
    stage 2 draws by a pose whose mouth rests. sees_bones: as of `DetailNetworkConfig`. detector: file of the network
    that finds the pose from which portraits are moved along their bones; None: from their true pose.
    """

    preset: str
    start: str
    vae: str
    presenters: PresenterDatasetConfig
    training: DetailTrainingConfig
    held_mouths: float = 0.0
    sees_bones: bool = False
    detector: str | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError: a share that is none, by name."""
        require_between("held_mouths", self.held_mouths, 0, 1)


def prepare_vae(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The small autoencoder. Raises: ConfigurationError: an unknown key, or a value that cannot be."""
    options = fill(VAEOptions, configuration.options, f"{configuration.name} [vae]")
    preset = find_preset(options.preset)
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    vae = seeded(configuration.loop.seed, lambda: build_vae(preset.vae))
    return Prepared(VAETraining(vae, dataset, options.training), PictureCrops(dataset, options.training))


def prepare_keypoints(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The detector of presenters. Raises: ConfigurationError: an unknown key, or a value that cannot be."""
    options = fill(KeypointOptions, configuration.options, f"{configuration.name} [keypoints]")
    dataset = figures(folder, options.presenters, num_workers, on_progress)
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
    config, files = (
        replace(preset.details, sees_bones=options.sees_bones),
        Stage2Files(Path(options.start), Path(options.vae)),
    )
    files.hashes()  # what is absent is found before anything is drawn
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    drawn = draw_frames(dataset, preset, files, options.held_mouths, num_workers, on_progress)
    moved = None
    if config.sees_bones:
        detector = None if options.detector is None else Path(options.detector)
        moved = move_portraits(dataset, options.held_mouths, detector, num_workers, on_progress)
    network = seeded(configuration.loop.seed, lambda: DetailNetwork(config))
    data = FramePairs(dataset, drawn, options.training, moved)
    return Prepared(DetailTraining(network, data, options.training), data)

"""From a configuration and a folder to the distillation of stage 2: a teacher's lessons, drawn once, and a student."""

from dataclasses import dataclass
from pathlib import Path

import torch

from mmgt_core.checkpoints.folders import find_preset, network_file
from mmgt_core.checkpoints.packaged import PACKAGED_WEIGHTS, packaged_networks
from mmgt_core.config import Preset
from mmgt_core.training.distillation.lessons import LessonConfig, teach
from mmgt_core.training.distillation.student import DistillConfig, DistillTraining
from mmgt_core.training.machinery.batches import TrainingData
from mmgt_core.training.machinery.configuration import ConfigurationError, TrainingConfiguration, fill
from mmgt_core.training.machinery.loop import Prepared, Progress
from mmgt_core.training.machinery.rows import array_path
from mmgt_core.training.preparation.layout import Split
from mmgt_core.training.preparation.windows import PreparedWindows
from mmgt_core.training.presenters.dataset import LATENTS, PresenterDatasetConfig, presenters
from mmgt_core.training.presenters.latents import adopt_vae
from mmgt_core.training.processes.stage_2 import require_frames, require_speech
from mmgt_core.training.stage_2.clips import ClipWindows
from mmgt_core.training.stage_2.finished import Stage2Files, finished_networks
from mmgt_core.training.stage_2.prepared_clips import PreparedClips
from mmgt_core.training.stage_2.starts import VAE_NAME

LESSONS = "lessons"
"""The folder in that of the data which keeps what the teacher made."""


@dataclass(frozen=True)
class DistillOptions:
    """Table `[distill]`. start: the teacher's folder; None: the package's. presenters: None: prepared videos."""

    preset: str
    lesson: LessonConfig
    training: DistillConfig
    start: str | None = None
    presenters: PresenterDatasetConfig | None = None


def prepare_distill(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: Progress
) -> Prepared:
    """The student of a preset's stage 2.

    Raises:
        ConfigurationError: an unknown key, or the teacher's networks are absent.
        PreparedDataError: the folder holds no prepared data.
        MadeDataError: the folder's lessons are another teacher's.
    """
    options = fill(DistillOptions, configuration.options, f"{configuration.name} [distill]")
    preset, lesson, files = find_preset(options.preset), options.lesson, _teacher_files(options)
    require_frames("window_frames", lesson.window_frames, 2, options.presenters, preset.unet.max_window_frames)
    files.hashes()  # what is absent is found before anything is drawn
    source = _windows(options, preset, files, folder, num_workers, on_progress)
    lessons = teach(folder / LESSONS, source, preset, lesson, files, num_workers, on_progress)
    process = DistillTraining(preset, finished_networks(preset, files), lessons.held_back(), lesson, options.training)
    return Prepared(process, lessons)


def _windows(
    options: DistillOptions, preset: Preset, files: Stage2Files, folder: Path, num_workers: int, on_progress: Progress
) -> TrainingData:
    num_frames = options.lesson.window_frames
    if options.presenters is None:
        windows = PreparedWindows(folder, Split.TRAIN)
        require_speech(windows, preset)
        return ClipWindows(PreparedClips(windows, preset), num_frames, reference="first")
    dataset = presenters(folder, preset, options.presenters, num_workers, on_progress)
    if not array_path(folder, LATENTS).is_file():
        place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        adopt_vae(files.vae, folder, preset, place, on_progress)
    return ClipWindows(dataset, num_frames, reference="first")


def _teacher_files(options: DistillOptions) -> Stage2Files:
    """Raises: ConfigurationError: no folder is named and the package has no networks of the preset."""
    preset = find_preset(options.preset)
    if options.start is None and not packaged_networks(preset):
        raise ConfigurationError(f"the package has no networks of {preset.name}; `start` must say where they are")
    start = PACKAGED_WEIGHTS if options.start is None else Path(options.start)
    return Stage2Files(start, network_file(start, VAE_NAME))

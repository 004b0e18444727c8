"""From a configuration and a folder to stage 1's process and its data."""

from pathlib import Path

from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.training.machinery.configuration import TrainingConfiguration, fill
from mmgt_core.training.machinery.loop import Prepared
from mmgt_core.training.preparation.layout import Split
from mmgt_core.training.preparation.windows import PreparedWindows
from mmgt_core.training.presenters.synthetic_windows import ShardProgress, synthetic_windows
from mmgt_core.training.stage_1.smga import SMGAOptions, SMGATraining
from mmgt_core.training.stage_1.spoken_windows import SpeechToPoseData, SpokenWindows, require_features

HELD_OUT_CLIPS = 8
"""To sample from during training."""


def prepare_smga(
    configuration: TrainingConfiguration, folder: Path, num_workers: int, on_progress: ShardProgress
) -> Prepared:
    """Stage 1 on prepared videos, or on procedural presenters that are kept in the folder.

    Args:
        configuration: with a table `[smga]`.
        folder: of the data.
        num_workers: processes that make synthetic data.
        on_progress: told of the shards that are made.

    Raises:
        ConfigurationError: an unknown key, or data that does not fit.
        PreparedDataError: the folder holds no prepared data.
    """
    options = fill(SMGAOptions, configuration.options, f"{configuration.name} [smga]")
    preset = find_preset(options.preset)
    train: SpokenWindows
    held_out: SpokenWindows
    if options.synthetic_clips:
        train = synthetic_windows(folder, preset, 0, options.synthetic_clips, num_workers, on_progress)
        held_out = synthetic_windows(folder, preset, FIRST_HELD_OUT_SEED, HELD_OUT_CLIPS, num_workers, on_progress)
    else:
        train, held_out = PreparedWindows(folder, Split.TRAIN), PreparedWindows(folder, Split.VALIDATION)
    for windows in (train, held_out):
        require_features(windows, preset.smga.condition_features)
    data = SpeechToPoseData(train, options.initial_pose_noise_px)
    return Prepared(SMGATraining(options, preset, data, SpeechToPoseData(held_out, 0.0), configuration.loop.seed), data)

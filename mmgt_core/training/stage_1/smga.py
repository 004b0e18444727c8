"""Stage 1's training: SMGA learns to predict clean poses from noisy ones and speech (§III-B, equations 4 to 20)."""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmgt_core.config import Preset, SamplingOptions, SMGAConfig
from mmgt_core.keypoints import CANVAS_SIZE, LEFT_HAND, LIPS, RIGHT_HAND, Float32Array, denormalise
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.metrics.mouth import mouth_opening
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.smga.diffusion import NUM_TRAIN_TIMESTEPS, add_noise, cosine_schedule, draw_noise, sample
from mmgt_core.smga.guidance import guided_prediction
from mmgt_core.smga.model import SMGA
from mmgt_core.synthetic.clip import require_trained_seeds
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import require_between
from mmgt_core.training.stage_1.losses import DEFAULT_HEAD_WEIGHT, pose_loss_terms
from mmgt_core.training.stage_1.motion_scales import motion_scales, seen_from_hand
from mmgt_core.training.stage_1.pose_statistics import PoseStatistics
from mmgt_core.training.stage_1.spoken_windows import SpeechToPoseData, collate
from mmgt_core.training.stage_1.standardised_start import standardise
from mmgt_core.types import PoseSequence

STATISTICS_WINDOWS = 512
SAMPLED_WINDOWS = 8
_LIP_VALUES = slice(3 * LIPS.start, 3 * LIPS.stop)
_HAND_VALUES = slice(3 * LEFT_HAND.start, 3 * RIGHT_HAND.stop)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SMGAOptions:
    """Table `[smga]` of a configuration.

    preset: whose network. head_weight: of the face's loss terms (table IV; 0 is table V's "without face loss").
    condition_dropout: share of items whose speech is dropped. has_two_branches, has_film: table V's ablations.
    has_standardised_start, weighs_by_variance: for small networks that start from nothing. lips_weight, hands_weight:
    of squared errors of these points, 1 as published. timestep_power: 1 draws timesteps evenly, as published; more
    prefers those of little noise, where gestures are told apart. initial_pose_noise_px: as a detector has.
    synthetic_clips: how many procedural presenters to learn from; 0: prepared videos.
    """

    preset: str
    head_weight: float = DEFAULT_HEAD_WEIGHT
    condition_dropout: float = 0.25
    has_two_branches: bool = True
    has_film: bool = True
    has_standardised_start: bool = False
    weighs_by_variance: bool = False
    lips_weight: float = 1.0
    hands_weight: float = 1.0
    timestep_power: float = 1.0
    initial_pose_noise_px: float = 0.0
    synthetic_clips: int = 0

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        require_between("condition_dropout", self.condition_dropout, 0, 1)
        require_between("timestep_power", self.timestep_power, 0.1, 10)
        for name in ("head_weight", "lips_weight", "hands_weight", "initial_pose_noise_px", "synthetic_clips"):
            require_between(name, getattr(self, name), 0, math.inf)
        require_trained_seeds("synthetic_clips", 0, self.synthetic_clips)

    def network(self, preset: Preset) -> SMGAConfig:
        """The preset's network, or its ablation."""
        return replace(preset.smga, has_two_branches=self.has_two_branches, has_film=self.has_film)


class SMGATraining:
    """The process: one network, six loss terms."""

    def __init__(
        self, options: SMGAOptions, preset: Preset, data: SpeechToPoseData, held_out: SpeechToPoseData, seed: int
    ) -> None:
        """Args: data: to learn from; held_out: to sample from. seed: of the network's first weights."""
        self._options = options
        self._held_out = held_out
        self._schedule = cosine_schedule()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.smga = SMGA(options.network(preset))
        self.networks: Mapping[str, nn.Module] = {"smga": self.smga}
        self._scales = torch.ones(3, preset.smga.pose_features)
        if options.has_standardised_start or options.weighs_by_variance:
            windows = _evenly_spaced(data, STATISTICS_WINDOWS)
            statistics = PoseStatistics.measured(windows)
            if options.has_standardised_start:
                standardise(self.smga, statistics, windows)
            if options.weighs_by_variance:
                self._scales = motion_scales(windows["pose"], statistics)
        self._scales[:, _LIP_VALUES] *= options.lips_weight**0.5
        self._scales[:, _HAND_VALUES] *= options.hands_weight**0.5

    def to(self, device: torch.device) -> None:
        """Move the factors of the errors."""
        self._scales = self._scales.to(device)

    def losses(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Equations 16 to 20 at random timesteps, some items without speech."""
        clean, device = batch["pose"], generator.device
        num_items = len(clean)
        timesteps = draw_timesteps(num_items, self._options.timestep_power, generator)
        noise = torch.randn(clean.shape, generator=generator, device=device)
        keep = torch.rand(num_items, generator=generator, device=device) >= self._options.condition_dropout
        speech = self.smga.encode_condition(batch["condition"], keep)
        noisy = add_noise(self._schedule, clean, noise, timesteps)
        predicted = self.smga(noisy, batch["initial_pose"], speech, timesteps).float()
        if self._options.weighs_by_variance:
            predicted, clean = seen_from_hand(predicted), seen_from_hand(clean)
        terms = pose_loss_terms(predicted, clean, self._options.head_weight, self._scales)
        return {"total": terms.total, **{name: getattr(terms, name) for name in terms.__dataclass_fields__}}

    def sample(self, folder: Path, step: int) -> None:
        """Generate some held-out windows: `step-N.mp4` (the first one, truth at the left), `.npy`, and `.json`.

        The last compares mouths and hands with the truth.
        """
        batch = _evenly_spaced(self._held_out, SAMPLED_WINDOWS)
        generated = [_poses(values) for values in self.generate(batch, torch.Generator().manual_seed(0))]
        truths = [_poses(values) for values in batch["pose"]]
        figures = compare(generated, truths)
        (folder / f"step-{step:06d}.json").write_text(json.dumps(figures, indent=1) + "\n")
        np.save(folder / f"step-{step:06d}.npy", np.stack([poses.keypoints for poses in generated]))
        _write_video(folder / f"step-{step:06d}.mp4", truths[0], generated[0])
        logger.info(
            "training_sampled step=%d %s", step, " ".join(f"{name}={value:.3f}" for name, value in figures.items())
        )

    def generate(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Windows of a batch's speech and initial poses, without guidance: (B, 80, 402), normalised, on the CPU."""
        device = self._scales.device
        initial_pose, condition = batch["initial_pose"].to(device), batch["condition"].to(device)
        speech = self.smga.encode_condition(condition, torch.ones(len(condition), dtype=torch.bool, device=device))
        num_steps = SamplingOptions.pose_inference_steps
        noise = draw_noise(num_steps, batch["pose"].shape, generator).to(device)
        predict_clean = guided_prediction(self.smga, initial_pose, speech, num_steps)
        return sample(predict_clean, noise, self._schedule).cpu()


def draw_timesteps(count: int, power: float, generator: torch.Generator) -> torch.Tensor:
    """(count,) in 0 to 999: an even draw in [0, 1) to a power, so that a share s of them lies below s**power."""
    evenly = torch.rand(count, generator=generator, device=generator.device)
    return (evenly**power * NUM_TRAIN_TIMESTEPS).long().clamp(max=NUM_TRAIN_TIMESTEPS - 1)


def compare(generated: list[PoseSequence], truths: list[PoseSequence]) -> dict[str, float]:
    """Correlation of mouth openings, and generated by true: spread of the opening, mean and spread of hand speed."""
    mouths = [np.concatenate([mouth_opening(poses) for poses in side]) for side in (generated, truths)]
    hands = [np.concatenate([_hand_steps(poses) for poses in side]) for side in (generated, truths)]
    return {
        "mouth_correlation": float(np.corrcoef(mouths)[0, 1]),
        "mouth_spread_ratio": float(mouths[0].std() / mouths[1].std()),
        "hand_speed_ratio": float(hands[0].mean() / hands[1].mean()),
        "hand_speed_spread_ratio": float(hands[0].std() / hands[1].std()),
    }


def _write_video(path: Path, left: PoseSequence, right: PoseSequence) -> None:
    """Draw two pose sequences of one length side by side."""
    with VideoWriter(path, 2 * CANVAS_SIZE, CANVAS_SIZE, None, len(left)) as video:
        for pair in zip(left.keypoints, right.keypoints, strict=True):
            video.write(np.concatenate([draw_pose(keypoints) for keypoints in pair], axis=1))


def _hand_steps(poses: PoseSequence) -> Float32Array:
    """Way of the hands' centres from frame to frame in pixels, both hands: (2 (F - 1),)."""
    centres = np.stack([poses.keypoints[:, part, :2].mean(axis=1) for part in (LEFT_HAND, RIGHT_HAND)])  # (2, F, 2)
    return np.linalg.norm(np.diff(centres, axis=1), axis=2).flatten()


def _evenly_spaced(data: SpeechToPoseData, count: int) -> Batch:
    """Items from the whole data, the same ones every time."""
    indices = np.unique(np.linspace(0, len(data) - 1, count).astype(int))
    return collate([data.item(int(index), np.random.default_rng(index)) for index in indices])


def _poses(values: torch.Tensor) -> PoseSequence:
    return PoseSequence(denormalise(values.numpy()))

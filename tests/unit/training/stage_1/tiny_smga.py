"""Stage 1's process with a tiny network and made-up windows. As a program it trains and says each finished step."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mmgt_core.config import PRESETS, Preset, SMGAConfig
from mmgt_core.keypoints import Float32Array
from mmgt_core.training.machinery.loop import LoopConfig, run_training
from mmgt_core.training.stage_1.smga import SMGAOptions, SMGATraining
from mmgt_core.training.stage_1.spoken_windows import SpeechToPoseData

CONFIG = LoopConfig(
    steps=24,
    batch_size=4,
    learning_rate=1e-3,
    optimiser="adam",
    weight_decay=0.02,
    ema_decay=0.9,
    checkpoint_every_steps=5,
)
OPTIONS = SMGAOptions(
    preset="mmgt-demo", has_standardised_start=True, weighs_by_variance=True, initial_pose_noise_px=1.0
)


@dataclass(frozen=True)
class MadeUpWindow:
    """One window."""

    keypoints: Float32Array
    condition: Float32Array


def tiny_preset() -> Preset:
    smga = SMGAConfig(width=32, feedforward_width=32, num_layers=1, num_heads=2, condition_features=6)
    return replace(PRESETS["mmgt-demo"], smga=smga)


def made_up_windows() -> list[MadeUpWindow]:
    """Twelve windows whose lips follow the loudness, beside a wandering right hand."""
    random = np.random.default_rng(0)
    windows = []
    for _ in range(12):
        condition = random.standard_normal((80, 6)).astype(np.float32)
        keypoints = np.ones((80, 134, 3), np.float32)
        keypoints[:, :, :2] = np.linspace(100, 400, 268).reshape(134, 2) + random.normal(0, 20, (1, 1, 2))
        keypoints[:, 87:92, 1] += 6 * condition[:, :1] + 10
        keypoints[:, 113:, :2] += np.cumsum(random.normal(0, 3, (80, 1, 2)), axis=0)
        windows.append(MadeUpWindow(keypoints, condition))
    return windows


def tiny_training() -> tuple[SMGATraining, SpeechToPoseData]:
    data = SpeechToPoseData(made_up_windows(), OPTIONS.initial_pose_noise_px)
    return SMGATraining(OPTIONS, tiny_preset(), data, data, seed=0), data


def say(step: int, steps: int) -> None:
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    torch.set_num_threads(1)
    process, data = tiny_training()
    run_training(process, data, CONFIG, Path(sys.argv[1]), torch.device("cpu"), on_progress=say)

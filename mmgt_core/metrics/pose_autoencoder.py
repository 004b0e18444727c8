"""Our pose autoencoder: the features of FGD and diversity (paper §IV-A names one trained on PATS, and publishes none).

A small convolutional network over windows of 34 frames (1.4 s) of head, arms and hands. The published weights beside
this file were trained by `train_pose_autoencoder` on clips of the procedural presenter; numbers made with it compare
with each other, not with the paper's.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.gesture import GESTURE_POINTS, in_shoulder_widths
from mmgt_core.metrics.pose_window import WINDOW_FRAMES
from mmgt_core.types import PoseSequence

WINDOW_STRIDE = 10
NUM_FEATURES = 32
PUBLISHED_WEIGHTS = Path(__file__).parent / "weights" / "pose_autoencoder.safetensors"

_NUM_VALUES = 2 * len(GESTURE_POINTS)
_WIDTH = 64
_INNER_WIDTH, _INNER_FRAMES = 32, 8
_BATCH = 128
_LEARNING_RATE = 2e-3
_VELOCITY_WEIGHT = 1.0
_LEAST_DEVIATION = 0.02
"""Shoulder widths; points that hardly move in the training clips are not blown up."""


class PoseAutoencoder(nn.Module):
    """Windows of poses to features and back; its input is standardised by the training clips' mean and deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(_NUM_VALUES))
        self.deviation = nn.Buffer(torch.ones(_NUM_VALUES))
        self.conv1 = nn.Conv1d(_NUM_VALUES, _WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(_WIDTH, _WIDTH, 4, stride=2, padding=1)
        self.conv3 = nn.Conv1d(_WIDTH, _INNER_WIDTH, 4, stride=2, padding=1)
        self.to_features = nn.Linear(_INNER_WIDTH * _INNER_FRAMES, NUM_FEATURES)
        self.from_features = nn.Linear(NUM_FEATURES, _INNER_WIDTH * _INNER_FRAMES)
        self.conv4 = nn.Conv1d(_INNER_WIDTH, _WIDTH, 3, padding=1)
        self.conv5 = nn.Conv1d(_WIDTH, _WIDTH, 3, padding=1)
        self.conv6 = nn.Conv1d(_WIDTH, _NUM_VALUES, 3, padding=1)

    def encode(self, windows: torch.Tensor) -> torch.Tensor:
        """(B, F = 34, D) standardised values to (B, 32) features."""
        hidden = F.gelu(self.conv1(windows.transpose(1, 2)))  # (B, C, F)
        hidden = F.gelu(self.conv2(hidden))  # (B, C, F / 2)
        hidden = F.gelu(self.conv3(hidden))  # (B, C / 2, 8)
        return self.to_features(hidden.flatten(1))  # (B, 32)

    def decode(self, features: torch.Tensor) -> torch.Tensor:
        """(B, 32) features to (B, F = 34, D) standardised values."""
        hidden = self.from_features(features).unflatten(1, (_INNER_WIDTH, _INNER_FRAMES))  # (B, C / 2, 8)
        hidden = F.interpolate(hidden, size=WINDOW_FRAMES // 2, mode="linear")  # (B, C / 2, F / 2)
        hidden = F.interpolate(F.gelu(self.conv4(hidden)), size=WINDOW_FRAMES, mode="linear")  # (B, C, F)
        hidden = F.gelu(self.conv5(hidden))
        return self.conv6(hidden).transpose(1, 2)  # (B, F, D)

    def standardise(self, windows: torch.Tensor) -> torch.Tensor:
        """Values in shoulder widths to those that the network sees."""
        return (windows - self.mean) / self.deviation

    @torch.inference_mode()
    def features(self, windows: Float32Array) -> Float32Array:
        """(N, 34, D) of `pose_windows` to (N, 32)."""
        return self.encode(self.standardise(torch.from_numpy(windows))).numpy()


def pose_windows(poses: PoseSequence) -> Float32Array:
    """Windows of 34 frames, one every 10: (N, 34, D) in shoulder widths; a shorter clip gives none."""
    values = in_shoulder_widths(poses)[:, GESTURE_POINTS].reshape(len(poses), _NUM_VALUES)
    starts = range(0, len(poses) - WINDOW_FRAMES + 1, WINDOW_STRIDE)
    windows = [values[start : start + WINDOW_FRAMES] for start in starts]
    return np.stack(windows) if windows else np.zeros((0, WINDOW_FRAMES, _NUM_VALUES), np.float32)


def train_pose_autoencoder(
    sequences: Sequence[PoseSequence],
    num_steps: int,
    seed: int = 0,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> PoseAutoencoder:
    """Train on all windows of these clips: the same clips, steps and seed give the same weights on one machine.

    Args:
        sequences: pose sequences of at least 34 frames; shorter ones are left out.
        num_steps: of Adam, 128 windows each, learning rate falling to 0.
        seed: of the first weights and of the order of windows.
        on_step: told the number of steps done and the loss.

    Raises:
        ValueError: no sequence is long enough, by number.
    """
    blocks = [block for poses in sequences if len(block := pose_windows(poses))]
    if not blocks:
        raise ValueError(f"none of {len(sequences)} pose sequences has {WINDOW_FRAMES} frames")
    windows = torch.from_numpy(np.concatenate(blocks))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PoseAutoencoder()
    network.mean.copy_(windows.mean(dim=(0, 1)))
    network.deviation.copy_(windows.std(dim=(0, 1)).clamp(min=_LEAST_DEVIATION))
    standardised = network.standardise(windows)
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=num_steps)
    for step in range(num_steps):
        batch = standardised[torch.randint(len(standardised), (_BATCH,), generator=generator)]
        rebuilt = network.decode(network.encode(batch))
        loss = F.mse_loss(rebuilt, batch) + _VELOCITY_WEIGHT * F.mse_loss(rebuilt.diff(dim=1), batch.diff(dim=1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        on_step(step + 1, loss.item())
    return network.requires_grad_(False).eval()


def save_pose_autoencoder(network: PoseAutoencoder, path: Path) -> None:
    """Write the weights in half precision (safetensors), whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, part)
    os.replace(part, path)


def load_pose_autoencoder(path: Path = PUBLISHED_WEIGHTS) -> PoseAutoencoder:
    """Raises: WeightsError: the file is absent, unreadable, or of another network."""
    if not path.is_file():
        raise WeightsError(
            f"pose autoencoder: {path} is not a file; `mmgt evaluate autoencoder --out {path}` trains it"
        )
    network = PoseAutoencoder()
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (SafetensorError, RuntimeError, OSError) as error:
        raise WeightsError(f"pose autoencoder: {path} cannot be used: {error}") from error
    return network.requires_grad_(False).eval()

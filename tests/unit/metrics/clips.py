"""Made-up clips whose motion and pictures are known, for laws of the metrics."""

from pathlib import Path

import numpy as np

from mmgt_core.keypoints import LEFT_HAND, LIPS, RIGHT_HAND, Float32Array
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.types import SAMPLES_PER_FRAME, PoseSequence, UInt8Array, Waveform
from tests.unit.pose.figures import figure

_LIPS_X = np.array([-30, -20, -10, 0, 10, 20, 30, 20, 10, 0, -10, -20, -24, -12, 0, 12, 24, 12, 0, -12])
"""Twelve outer points from corner to corner and back, then eight inner ones."""


def speaker(num_frames: int, seed: int, opening: Float32Array | None = None) -> PoseSequence:
    """Someone whose hands wander by a smooth random path and whose inner lips are `opening` px apart."""
    drawn = np.random.default_rng(seed)
    keypoints = np.repeat(figure(256, 240, 150).keypoints[None], num_frames, axis=0)
    for part in (LEFT_HAND, RIGHT_HAND):
        path = np.cumsum(np.cumsum(drawn.normal(0, 0.2, (num_frames, 2)), axis=0), axis=0)
        keypoints[:, part, :2] += path[:, None]
    opening = np.zeros(num_frames, np.float32) if opening is None else opening
    keypoints[:, LIPS, 0] = 256 + _LIPS_X
    keypoints[:, LIPS, 1] = 110
    keypoints[:, LIPS.start + 1 : LIPS.start + 6, 1] -= 8
    keypoints[:, LIPS.start + 7 : LIPS.start + 12, 1] += 8
    keypoints[:, LIPS.start + 13 : LIPS.start + 16, 1] -= opening[:, None] / 2
    keypoints[:, LIPS.start + 17 :, 1] += opening[:, None] / 2
    return PoseSequence(keypoints.astype(np.float32))


def pictures(num_frames: int, side: int, seed: int) -> UInt8Array:
    """Noise that is smooth in space and drifts in time, (F, side, side, 3)."""
    drawn = np.random.default_rng(seed)
    coarse = drawn.integers(0, 255, (side // 8, side // 8, 3)).astype(np.uint8)
    base = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    return np.stack([np.roll(base, frame, axis=1) for frame in range(num_frames)])


def bursts(num_frames: int, every: int) -> Waveform:
    """A click-like tone at the beginning of every so many frames, silence between."""
    drawn = np.random.default_rng(0)
    samples = np.zeros(num_frames * SAMPLES_PER_FRAME, np.float32)
    for frame in range(every, num_frames, every):
        first = frame * SAMPLES_PER_FRAME
        samples[first : first + 1600] = drawn.uniform(-0.5, 0.5, len(samples[first : first + 1600]))
    return Waveform(samples)


def write_clip(folder: Path, name: str, frames: UInt8Array, poses: PoseSequence | None = None) -> Path:
    """A video, and its keypoints beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.mp4"
    with VideoWriter(path, frames.shape[2], frames.shape[1], None, len(frames)) as video:
        for frame in frames:
            video.write(frame)
    if poses is not None:
        np.save(folder / f"{name}.keypoints.npy", poses.keypoints)
    return path

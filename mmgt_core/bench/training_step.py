"""Seconds and peak memory of a training step at full size: `python -m mmgt_core.bench.training_step [PROCESS …]`.

The published configurations on random networks and random items, on a GPU where there is one; in full precision on a
CPU, where bf16 saves nothing.
"""

import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import default_collate

from mmgt_core.checkpoints.networks import build_vae
from mmgt_core.config import MMGT_512, Preset
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import fill, read_configuration
from mmgt_core.training.machinery.loop import TrainingProcess, TrainingRun
from mmgt_core.training.machinery.report import device_name, peak_memory_bytes
from mmgt_core.training.processes.stage_2 import ImageOptions, VideoOptions
from mmgt_core.training.stage_1.smga import SMGAOptions, SMGATraining
from mmgt_core.training.stage_1.spoken_windows import SpeechToPoseData
from mmgt_core.training.stage_2.image import ImageTraining
from mmgt_core.training.stage_2.starts import image_networks, random_video_networks
from mmgt_core.training.stage_2.video import VideoTraining

WARM_UP_STEPS, MEASURED_STEPS = 3, 7
_BYTES_PER_GIB = 2**30

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """A process with what a batch of it looks like."""

    process: TrainingProcess
    random_item: Callable[[np.random.Generator], Batch]


def stage_1(preset: Preset) -> Measured:
    """The published configuration of stage 1."""
    options = fill(SMGAOptions, read_configuration("published-smga").options, "published-smga")
    unread = SpeechToPoseData([], 0.0)
    frames, values = preset.smga.segment_frames, preset.smga.pose_features
    shapes = {
        "pose": (frames, values),
        "initial_pose": (values,),
        "condition": (frames, preset.smga.condition_features),
    }

    def item(generator: np.random.Generator) -> Batch:
        return {name: torch.from_numpy(generator.random(shape, np.float32)) for name, shape in shapes.items()}

    return Measured(SMGATraining(options, preset, unread, unread, seed=0), item)


def image(preset: Preset) -> Measured:
    """The published configuration of stage 2, process 1."""
    options = fill(ImageOptions, read_configuration("published-image").options, "published-image")
    networks = image_networks(preset, build_vae(preset.vae), None, seed=0)
    process = ImageTraining(preset, networks, [], options.training)
    return Measured(process, lambda generator: _frames(preset, options.training.targets_per_reference, generator))


def video(preset: Preset) -> Measured:
    """The published configuration of stage 2, process 2."""
    options = fill(VideoOptions, read_configuration("published-video").options, "published-video")
    networks = random_video_networks(preset, build_vae(preset.vae), seed=0)
    process = VideoTraining(preset, networks, [], options.training)
    num_frames, projection = options.training.window_frames, preset.audio_projection
    heard = (num_frames, projection.window_frames, projection.num_layers, projection.features)

    def item(generator: np.random.Generator) -> Batch:
        speech = torch.from_numpy(generator.standard_normal(heard, np.float32))
        return {**_frames(preset, num_frames, generator), "speech": speech}

    return Measured(process, item)


PROCESSES = {"smga": stage_1, "image": image, "video": video}


def main(names: list[str], preset: Preset = MMGT_512) -> None:
    """Log one line for each process."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for name in names or PROCESSES:
        with torch.device(device):  # random weights are drawn where they are needed
            measured = PROCESSES[name](preset)
        loop = read_configuration(f"published-{name}", is_on_gpu=device.type == "cuda").loop
        if device.type == "cpu":
            loop = replace(loop, mixed_precision="no")
        with tempfile.TemporaryDirectory() as folder:
            run = TrainingRun(measured.process, loop, Path(folder), device)
        generator = np.random.default_rng(0)
        batch = default_collate([measured.random_item(generator) for _ in range(loop.batch_size)])
        seconds = [_seconds(run, batch, device) for _ in range(WARM_UP_STEPS + MEASURED_STEPS)][WARM_UP_STEPS:]
        logger.info(
            "training_step process=%s batch_size=%d precision=%s seconds=%.3f peak_gib=%.1f trained=%.0fM device=%s",
            name,
            loop.batch_size,
            loop.mixed_precision,
            statistics.median(seconds),
            peak_memory_bytes(device) / _BYTES_PER_GIB,
            sum(value.numel() for value in run.parameters.values()) / 1e6,
            device_name(device),
        )
        del run, measured, batch
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def _seconds(run: TrainingRun, batch: Batch, device: torch.device) -> float:
    """One whole step: forward, backward, clipping, optimiser, moving average."""
    began = time.monotonic()
    run.train_step(batch)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.monotonic() - began


def _frames(preset: Preset, num_frames: int, generator: np.random.Generator) -> Batch:
    """Random bytes as prepared videos give them."""
    side, cells = preset.resolution, sum(size * size for size in preset.mask_level_sizes)
    shapes = {
        "reference_picture": (side, side, 3),
        "pictures": (num_frames, side, side, 3),
        "portrait": (224, 224, 3),
        "pose_images": (num_frames, side, side, 3),
        "masks": (num_frames, 3, cells),
        "true_masks": (num_frames, 3, cells),
    }
    return {name: torch.from_numpy(generator.integers(0, 256, shape, np.uint8)) for name, shape in shapes.items()}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    main(sys.argv[1:])

"""Stage 1's windows of procedural presenters: made once by several processes, kept in shards, read lazily."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from mmgt_core.audio.smga_features import segment_condition
from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.checkpoints.networks import build_wavlm
from mmgt_core.config import LogMelConfig, Preset
from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.machinery.making import alone_in, each_done
from mmgt_core.types import SAMPLES_PER_FRAME

CLIPS_PER_SHARD = 25
WINDOW_FRAMES = 80
WINDOW_STEP_FRAMES = 25
_LEAST_SPOKEN_FRAMES = 40
"""A window may run past the clip's end, as the last segment of a generation does: then silence, and a still pose."""

ShardProgress = Callable[[int, int], None]
"""Called with the finished and all shards."""


@dataclass(frozen=True)
class StoredWindow:
    """One window as it is kept: (80, 134, 3) and (80, features)."""

    keypoints: Float32Array
    condition: Float32Array


@dataclass(frozen=True)
class Shard:
    """The windows of the clips of neighbouring seeds."""

    path: Path

    @cached_property
    def _file(self) -> Any:  # noqa: ANN401
        return safe_open(self.path, "numpy")

    @cached_property
    def num_windows(self) -> int:
        """How many windows it holds."""
        return int(self._file.get_slice("keypoints").get_shape()[0])

    def window(self, index: int) -> StoredWindow:
        """Read one window."""
        keypoints = self._file.get_slice("keypoints")[index : index + 1][0]
        condition = self._file.get_slice("conditions")[index : index + 1][0]
        return StoredWindow(keypoints, condition.astype(np.float32))


class SyntheticWindows:
    """The windows of some shards, one after the other."""

    def __init__(self, shards: list[Shard]) -> None:
        self._places = [(shard, index) for shard in shards for index in range(shard.num_windows)]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> StoredWindow:
        shard, place = self._places[index]
        return shard.window(place)


def synthetic_windows(
    folder: Path, preset: Preset, first_seed: int, num_clips: int, num_processes: int, on_progress: ShardProgress
) -> SyntheticWindows:
    """The windows of clips `first_seed` … + `num_clips`; shards that the folder lacks are made first.

    Raises:
        ConfigurationError: the preset's speech encoder has weights, so that its features cannot be made here.
    """
    if not isinstance(preset.wavlm, LogMelConfig):
        raise ConfigurationError(f"{preset.name} hears through a network; prepare its data with `mmgt data prepare`")
    end = first_seed + num_clips
    shares = [range(seed, min(seed + CLIPS_PER_SHARD, end)) for seed in range(first_seed, end, CLIPS_PER_SHARD)]
    wanted = {_shard_path(folder, preset, seeds): seeds for seeds in shares}
    with alone_in(folder):
        missing = [path for path in wanted if not path.is_file()]
        done = len(wanted) - len(missing)
        if missing:
            on_progress(done, len(wanted))
        jobs = [partial(write_shard, path, preset.name, wanted[path]) for path in missing]
        for number, _ in enumerate(each_done(jobs, num_processes), done + 1):
            on_progress(number, len(wanted))
    return SyntheticWindows([Shard(path) for path in wanted])


def write_shard(path: Path, preset_name: str, seeds: range) -> None:
    """Make and keep the windows of the clips of these seeds; the file appears when it is whole."""
    config = find_preset(preset_name).wavlm
    encoder = build_wavlm(config)
    windows = [window for seed in seeds for window in _clip_windows(seed, encoder)]
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    keypoints = np.stack([window.keypoints for window in windows])
    conditions = np.stack([window.condition for window in windows]).astype(np.float16)
    save_file({"keypoints": keypoints, "conditions": conditions}, part)
    os.replace(part, path)


def _clip_windows(seed: int, encoder: Any) -> Iterator[StoredWindow]:  # noqa: ANN401
    clip = synthetic_clip(seed)
    keypoints, samples = clip.pose_sequence.keypoints, clip.waveform.samples
    for start in range(0, max(1, len(keypoints) - _LEAST_SPOKEN_FRAMES), WINDOW_STEP_FRAMES):
        frames = np.minimum(np.arange(start, start + WINDOW_FRAMES), len(keypoints) - 1)
        heard = samples[start * SAMPLES_PER_FRAME : (start + WINDOW_FRAMES) * SAMPLES_PER_FRAME]
        heard = np.pad(heard, (0, WINDOW_FRAMES * SAMPLES_PER_FRAME - len(heard)))
        yield StoredWindow(keypoints[frames], segment_condition(encoder, heard).numpy())


def _shard_path(folder: Path, preset: Preset, seeds: range) -> Path:
    return folder / f"{preset.name}-{seeds.start:08d}-{len(seeds):03d}.safetensors"

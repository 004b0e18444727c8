"""Held-out presenters measured by several processes of one thread each, which do more than one process of several."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.config import SamplingOptions
from mmgt_core.load import load_pipeline
from mmgt_core.metrics.ablations.clip import FeatureExtractors
from mmgt_core.metrics.ablations.measuring import Training, is_measured, measure_training
from mmgt_core.metrics.ablations.store import MeasuredStore
from mmgt_core.metrics.feature_networks import load_script
from mmgt_core.metrics.pose_autoencoder import load_pose_autoencoder
from mmgt_core.metrics.presenter_clip import measure_clip
from mmgt_core.metrics.presenter_store import ClipStore
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.metrics.presenters import with_others
from mmgt_core.synthetic.clip import SyntheticClip

Result = TypeVar("Result")


@dataclass(frozen=True)
class SystemSource:
    """What every process loads for itself. num_inference_steps: of stage 2; None: the preset's own."""

    preset: str
    weights: Path
    num_inference_steps: int | None

    def load(self) -> PipelineSystem:
        """Raises: WeightsError: there is no such preset, or its weights are absent or not the expected ones."""
        chosen, device = find_preset(self.preset), _device()
        dtype = torch.float16 if device.type == "cuda" else torch.float32
        pipeline = load_pipeline(chosen, self.weights, device, dtype)
        options = SamplingOptions(num_inference_steps=self.num_inference_steps)
        return PipelineSystem(pipeline, options, load_detector(self.weights, chosen))


def load_extractors(i3d: Path | None) -> FeatureExtractors:
    """The published pose autoencoder, and I3D where its file is given.

    Raises:
        WeightsError: a file cannot be used.
    """
    device = _device()
    return FeatureExtractors(load_pose_autoencoder(), load_script(i3d, "--i3d", device) if i3d else None, device)


def measure_in_processes(
    clips: Sequence[SyntheticClip],
    source: SystemSource,
    store: ClipStore,
    num_workers: int,
    on_progress: Callable[[str, int, int], None],
) -> None:
    """Measure the clips that the store lacks, and keep them there; each is kept as it is finished."""
    missing = [pair for pair in with_others(clips) if store.read(*pair) is None]
    num_kept = len(clips) - len(missing)
    in_processes(
        [partial(_measure, source, store, *pair) for pair in missing],
        num_workers,
        lambda number: on_progress("presenters", num_kept + number, len(clips)),
    )


def trainings_in_processes(
    trainings: Sequence[Training],
    clips: Sequence[SyntheticClip],
    source: SystemSource,
    stores: Sequence[MeasuredStore],
    i3d: Path | None,
    num_workers: int,
    on_progress: Callable[[str, int, int], None],
) -> None:
    """Measure the clips that a training's store lacks, a training a process; each is kept as it is finished."""
    pairs = zip(trainings, stores, strict=True)
    missing = [(training, store) for training, store in pairs if not is_measured(store, clips)]
    num_kept = len(trainings) - len(missing)
    in_processes(
        [partial(_measure_training, source, training, clips, store, i3d) for training, store in missing],
        num_workers,
        lambda number: on_progress("ablations", num_kept + number, len(trainings)),
    )


def in_processes(
    calls: Sequence[Callable[[], Result]], num_workers: int, on_done: Callable[[int], None]
) -> list[Result]:
    """The results of calls that can be pickled, in their order; on_done is told how many are done.

    What goes wrong with one is raised at once: those that wait are not begun, and those in work are not waited for.
    """
    pool = ProcessPoolExecutor(num_workers, multiprocessing.get_context("spawn"))
    try:
        jobs = [pool.submit(call) for call in calls]
        for number, job in enumerate(as_completed(jobs), 1):
            job.result()
            on_done(number)
        return [job.result() for job in jobs]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _measure_training(
    source: SystemSource, training: Training, clips: Sequence[SyntheticClip], store: MeasuredStore, i3d: Path | None
) -> None:
    measure_training(training, _loaded(source), clips, store, load_extractors(i3d))


def _measure(source: SystemSource, store: ClipStore, clip: SyntheticClip, other: SyntheticClip) -> None:
    store.write(clip, other, measure_clip(clip, other, _loaded(source)))


@lru_cache(maxsize=1)
def _loaded(source: SystemSource) -> PipelineSystem:
    torch.set_num_threads(1)
    return source.load()


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

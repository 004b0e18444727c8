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
from mmgt_core.metrics.ablations import ABLATIONS, AblationRow, measure_ablation
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
        chosen = find_preset(self.preset)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        dtype = torch.float16 if device.type == "cuda" else torch.float32
        pipeline = load_pipeline(chosen, self.weights, device, dtype)
        options = SamplingOptions(num_inference_steps=self.num_inference_steps)
        return PipelineSystem(pipeline, options, load_detector(self.weights, chosen))


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


def ablations_in_processes(
    clips: Sequence[SyntheticClip],
    source: SystemSource,
    runs: Path,
    num_workers: int,
    on_progress: Callable[[str, int, int], None],
) -> list[AblationRow]:
    """`measure_ablations`, a row a process."""
    return in_processes(
        [partial(_measure_ablation, index, source, runs, clips) for index in range(len(ABLATIONS))],
        num_workers,
        lambda number: on_progress("ablations", number, len(ABLATIONS)),
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


def _measure_ablation(index: int, source: SystemSource, runs: Path, clips: Sequence[SyntheticClip]) -> AblationRow:
    return measure_ablation(index, _loaded(source), runs, clips, load_pose_autoencoder())


def _measure(source: SystemSource, store: ClipStore, clip: SyntheticClip, other: SyntheticClip) -> None:
    store.write(clip, other, measure_clip(clip, other, _loaded(source)))


@lru_cache(maxsize=1)
def _loaded(source: SystemSource) -> PipelineSystem:
    torch.set_num_threads(1)
    return source.load()

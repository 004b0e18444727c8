"""Table V measured: every training of every row on the same clips, each clip kept as it is finished."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.metrics.ablations.clip import FeatureExtractors, MeasuredClip, measure_clip, truth_of
from mmgt_core.metrics.ablations.rows import Ablation
from mmgt_core.metrics.ablations.runs import PlannedRow, ablated, seed_folder
from mmgt_core.metrics.ablations.store import MeasuredStore
from mmgt_core.metrics.ablations.table import AblationRow, tabulated
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.synthetic.clip import SyntheticClip


@dataclass(frozen=True)
class Training:
    """One training of one row: its seed, and the folder of its networks, None for those of the given system."""

    ablation: Ablation
    seed: int
    folder: Path | None

    def store(self, out: Path, fingerprint: str) -> MeasuredStore:
        """Where its clips are kept. Args: fingerprint: of what all trainings depend on; its own networks are added."""
        files = sorted(self.folder.glob("*.safetensors")) if self.folder else []
        weights = [(path.name, file_sha256(path)) for path in files]
        return MeasuredStore(
            seed_folder(out, self.ablation.name, self.seed), f"{fingerprint}, {self.ablation}, {weights}"
        )


def trainings_of(rows: Sequence[PlannedRow]) -> list[Training]:
    """All that is to be measured."""
    return [Training(row.ablation, seed, folder) for row in rows for seed, folder in row.trainings.items()]


def is_measured(store: MeasuredStore, clips: Sequence[SyntheticClip]) -> bool:
    """Whether a training was measured on all of the clips."""
    return all(store.read(clip) is not None for clip in clips)


def measure_training(
    training: Training,
    system: PipelineSystem,
    clips: Sequence[SyntheticClip],
    store: MeasuredStore,
    extractors: FeatureExtractors,
) -> list[MeasuredClip]:
    """Measure one training on the clips that it was not yet measured on, and read the others.

    Args:
        training: of a row.
        system: the whole method, whose networks stay where the training has none of its own.
        clips: of all rows.
        store: the training's own.
        extractors: of features.

    Raises:
        WeightsError: the training's weights are not those of its row.
    """
    changed, found = None, []
    for clip in clips:
        measured = store.read(clip)
        if measured is None:
            changed = changed or ablated(system, training.ablation, training.folder)
            measured = measure_clip(clip, changed, training.ablation.stage, extractors)
            store.write(clip, measured)
        found.append(measured)
    return found


def measure_ablations(
    rows: Sequence[PlannedRow],
    system: PipelineSystem,
    clips: Sequence[SyntheticClip],
    out: Path,
    fingerprint: str,
    extractors: FeatureExtractors,
    on_progress: Callable[[str, int, int], None],
) -> list[AblationRow]:
    """The whole table.

    Args:
        rows: of the runs that there are.
        system: the whole method.
        clips: at least three.
        out: keeps each clip of each training as it is finished.
        fingerprint: what every training depends on beside the clips and its own networks.
        extractors: of features.
        on_progress: told a name, trainings done, trainings in all.

    Raises:
        WeightsError: as `measure_training`.
    """
    todo, measured = trainings_of(rows), {}
    for index, training in enumerate(todo):
        on_progress("ablations", index, len(todo))
        store = training.store(out, fingerprint)
        measured[training.ablation.name, training.seed] = measure_training(training, system, clips, store, extractors)
    on_progress("ablations", len(todo), len(todo))
    return tabulated(rows, measured, [truth_of(clip, system.resolution, extractors) for clip in clips])

"""From measured clips to table V: means, differences to the whole method, and the paper's orderings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.metrics.ablations.clip import MeasuredClip
from mmgt_core.metrics.ablations.intervals import Difference, Float64Array, difference, pseudo_values
from mmgt_core.metrics.ablations.rows import (
    COLUMNS,
    DIVERSITY,
    FACE_FVD,
    FGD,
    VIDEO_FVD,
    Ablation,
    Column,
)
from mmgt_core.metrics.ablations.runs import PlannedRow
from mmgt_core.metrics.frechet import frechet_distance
from mmgt_core.metrics.gesture import diversity, gesture_distance

Features = Mapping[str, Float32Array]
OfSets = Callable[[Float32Array, Float32Array], float]
"""A figure of two sets of windows' features, (N, D) each: generated, truth."""

SET_FIGURES: dict[Column, tuple[Column, OfSets]] = {
    FGD: (FGD, gesture_distance),
    DIVERSITY: (FGD, lambda features, _: diversity(features)),
    FACE_FVD: (FACE_FVD, frechet_distance),
    VIDEO_FVD: (VIDEO_FVD, frechet_distance),
}
"""By column: the one whose features it is of, and the figure."""


class Verdict(StrEnum):
    """What becomes of an ordering of the paper's at this scale."""

    APPEARS = "appears"
    REVERSED = "reversed"
    NOT_TOLD_APART = "not told apart"


@dataclass(frozen=True)
class Measured:
    """One column of one row. pairs: seed to each clip's number, or its pseudo-value in a figure of a set, (C,).

    values: seed to the figure itself.
    """

    pairs: Mapping[int, Float64Array]
    values: Mapping[int, float]

    @property
    def mean(self) -> float:
        """Over trainings."""
        return float(np.mean(list(self.values.values())))

    def against(self, whole: "Measured") -> Difference:
        """The difference to the whole method's, paired by training and clip."""
        pairs = np.stack([self.pairs[seed] - whole.pairs[seed] for seed in self.pairs])
        return difference(pairs, float(np.mean([self.values[seed] - whole.values[seed] for seed in self.values])))


@dataclass(frozen=True)
class AblationRow:
    """What was measured of one row by column, and its differences to the whole method; nothing where it was not."""

    ablation: Ablation
    note: str
    seeds: tuple[int, ...]
    figures: Mapping[Column, Measured]
    differences: Mapping[Column, Difference]


@dataclass(frozen=True)
class Ordering:
    """Of the paper's: whether the whole method is better or worse than a row by a column there, and here."""

    row: AblationRow
    column: Column
    is_whole_better: bool
    here: Difference

    @property
    def verdict(self) -> Verdict:
        """Not told apart where the interval holds 0."""
        if not self.here.is_told_apart:
            return Verdict.NOT_TOLD_APART
        is_whole_better_here = (self.here.value > 0) is bool(self.column.is_lower_better)
        return Verdict.APPEARS if is_whole_better_here is self.is_whole_better else Verdict.REVERSED


def tabulated(
    rows: Sequence[PlannedRow],
    measured: Mapping[tuple[str, int], Sequence[MeasuredClip]],
    truths: Sequence[Features],
) -> list[AblationRow]:
    """The table.

    Args:
        rows: in their order.
        measured: what was measured of each row's name and seed, clip by clip in one order for all.
        truths: the clips' own features, by column.
    """
    found: dict[str, AblationRow] = {}
    for row in rows:
        ablation, seeds = row.ablation, tuple(row.trainings)
        of_seeds = {seed: measured[ablation.name, seed] for seed in seeds}
        figures = {column: _measured(column, of_seeds, truths) for column in _columns(of_seeds)}
        whole = found.get(ablation.whole.name)
        differences = {} if whole is None else {name: own.against(whole.figures[name]) for name, own in figures.items()}
        found[ablation.name] = AblationRow(ablation, row.note, seeds, figures, differences)
    return list(found.values())


def orderings(rows: Sequence[AblationRow]) -> list[Ordering]:
    """Every ordering that the paper prints of what was measured; equal numbers order nothing."""
    found = []
    for row in rows:
        whole = row.ablation.whole.paper
        for column, here in row.differences.items():
            theirs = row.ablation.paper.get(column.name)
            if theirs is None or column.is_lower_better is None or theirs == whole[column.name]:
                continue
            is_whole_better = (theirs > whole[column.name]) is column.is_lower_better
            found.append(Ordering(row, column, is_whole_better, here))
    return found


def _columns(of_seeds: Mapping[int, Sequence[MeasuredClip]]) -> list[Column]:
    """Those that were measured."""
    if not of_seeds:
        return []
    clip = next(iter(of_seeds.values()))[0]
    names = {
        *clip.numbers,
        *(column.name for column, (source, _) in SET_FIGURES.items() if source.name in clip.features),
    }
    return [column for column in COLUMNS if column.name in names]


def _measured(column: Column, of_seeds: Mapping[int, Sequence[MeasuredClip]], truths: Sequence[Features]) -> Measured:
    if column not in SET_FIGURES:
        pairs = {seed: np.array([clip.numbers[column.name] for clip in clips]) for seed, clips in of_seeds.items()}
        return Measured(pairs, {seed: float(numbers.mean()) for seed, numbers in pairs.items()})
    source, figure = SET_FIGURES[column]
    pairs, values = {}, {}
    for seed, clips in of_seeds.items():

        def of_some(indices: Sequence[int], clips: Sequence[MeasuredClip] = clips) -> float:
            generated = np.concatenate([clips[index].features[source.name] for index in indices])
            return figure(generated, np.concatenate([truths[index][source.name] for index in indices]))

        pairs[seed], values[seed] = pseudo_values(of_some, len(clips)), of_some(range(len(clips)))
    return Measured(pairs, values)

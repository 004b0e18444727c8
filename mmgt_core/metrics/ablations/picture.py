"""Table V to be looked at: a panel a figure, a dot a row, its difference to the whole method with the 95 % interval."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgt_core.metrics.ablations.rows import COLUMNS, Column
from mmgt_core.metrics.ablations.table import AblationRow

_PANELS_ACROSS = 4
_PANEL_INCHES = (2.6, 2.3)
_LABELS_INCHES = 1.9
_BETTER, _WORSE, _NOT_TOLD_APART = "tab:blue", "tab:red", "0.65"
_BETTER_ENDS = {True: "lower is better", False: "higher is better", None: "neither is better"}


def draw_differences(path: Path, rows: Sequence[AblationRow]) -> None:
    """One panel for each figure that was measured, the rows of table V below each other."""
    compared = [row for row in rows if row.differences]
    columns = [column for column in COLUMNS if any(column in row.differences for row in compared)]
    down = max(1, -(-len(columns) // _PANELS_ACROSS))
    width, height = _PANEL_INCHES
    figure = Figure(figsize=(_PANELS_ACROSS * width + _LABELS_INCHES, down * height + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(down, _PANELS_ACROSS, sharey=True, squeeze=False).flat)
    for panel, column in zip(panels, columns, strict=False):
        _draw(panel, column, compared)
    for panel in panels[len(columns) :]:
        panel.set_visible(False)
    figure.suptitle(
        "without less with, 95 % intervals: blue the row is better, red the whole method, grey not told apart",
        fontsize=9,
    )
    figure.savefig(path, dpi=110)


def _draw(panel: Axes, column: Column, rows: Sequence[AblationRow]) -> None:
    panel.axvline(0, color="0.8", zorder=0)
    for place, row in enumerate(rows):
        found = row.differences.get(column)
        if found is not None:
            ends = [[found.value - found.low], [found.high - found.value]]
            colour = _colour(found.value, found.is_told_apart, column)
            panel.errorbar(found.value, place, xerr=ends, fmt="o", color=colour, markersize=4, capsize=2)
    panel.set_yticks(range(len(rows)), [row.ablation.meaning for row in rows], fontsize=8)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.tick_params(axis="x", labelsize=7)
    panel.set_title(f"{column.name}\n{_BETTER_ENDS[column.is_lower_better]}", fontsize=8)


def _colour(value: float, is_told_apart: bool, column: Column) -> str:
    if not is_told_apart:
        return _NOT_TOLD_APART
    if column.is_lower_better is None:
        return "black"
    return _BETTER if (value < 0) is column.is_lower_better else _WORSE

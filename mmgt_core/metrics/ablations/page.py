"""Table V as a page for people, with a picture, and as numbers for computing with."""

import json
from collections.abc import Sequence
from pathlib import Path

from mmgt_core.metrics.ablations.intervals import Difference
from mmgt_core.metrics.ablations.picture import draw_differences
from mmgt_core.metrics.ablations.rows import COLUMNS, Column, Stage
from mmgt_core.metrics.ablations.table import AblationRow, Ordering, Verdict, orderings

_ARROWS = {True: "↓", False: "↑", None: ""}
_TITLES = {
    Stage.POSES: "Rows of stage 1",
    Stage.FRAMES: "Rows of stage 2",
}
_NOT_MEASURED = "-"
_HOW_TO_READ = (
    "A cell is a mean over trainings and clips, then the difference to the whole method, paired by training and clip, "
    "and the 95 % interval of that difference for another draw of both. **Bold** is told apart: the interval leaves 0 "
    "out. One interval in twenty does so where nothing differs. Where one training was measured, the interval is for "
    "another draw of clips alone.",
    "Lips is the correlation of the mouth seen in frames with the truth; the paper's is Syn-D, which behaves as LSE-C. "
    "Temporal error is how far each pixel's change from frame to frame lies from the truth's, in levels of 255. By "
    "speech alone: the true poses with the mouth held still, and the speech. FGD and FVD are of sets of clips, and "
    "their intervals by leaving out one clip after the other; FGD is by our own pose autoencoder. What is left out of "
    "stage 2 cannot change poses, so FGD and diversity of those rows are the whole method's; the paper prints others.",
)


def write_ablations(rows: Sequence[AblationRow], num_clips: int, command: str, folder: Path) -> Path:
    """Write ablations.md, ablations.json and ablations.png; the page's path is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, page = folder / "ablations.png", folder / "ablations.md"
    draw_differences(picture, rows)
    (folder / "ablations.json").write_text(json.dumps(ablation_numbers(rows, num_clips, command), indent=1) + "\n")
    page.write_text(ablation_page(rows, num_clips, command, picture.name))
    return page


def ablation_page(rows: Sequence[AblationRow], num_clips: int, command: str, picture: str) -> str:
    """Table V at this scale, and for each of the paper's orderings whether it appears."""
    told = orderings(rows)
    counts = [f"{sum(each.verdict is verdict for each in told)} {verdict}" for verdict in Verdict]
    lines = ["# Ablations (table V) at the small preset's scale", ""]
    lines += [f"{num_clips} held-out presenters, videos from speech and one picture, by:", "", f"    {command}", ""]
    for paragraph in _HOW_TO_READ:
        lines += [paragraph, ""]
    lines += [f"![Differences to the whole method, with 95 % intervals]({picture})", ""]
    for stage in Stage:
        of_stage = [row for row in rows if row.ablation.stage is stage]
        lines += [f"## {_TITLES[stage]}", "", *_table(of_stage), "", *_how(of_stage), ""]
    lines += [f"## The paper's orderings: {', '.join(counts)}", ""]
    lines += ["| | in the paper | here, without less with | |", "|---|---|---|---|", *map(_told, told), ""]
    return "\n".join(lines)


def ablation_numbers(rows: Sequence[AblationRow], num_clips: int, command: str) -> dict[str, object]:
    """The same for computing with; columns by name, those that were measured."""
    return {
        "command": command,
        "clips": num_clips,
        "rows": [
            {
                "name": row.ablation.name,
                "note": row.note,
                "seeds": row.seeds,
                "figures": {column.name: _numbers(row, column) for column in row.figures},
                "paper": row.ablation.paper or None,
            }
            for row in rows
        ],
        "orderings": [
            {
                "row": ordering.row.ablation.name,
                "column": ordering.column.name,
                "paper": "whole better" if ordering.is_whole_better else "whole worse",
                "verdict": ordering.verdict.value,
            }
            for ordering in orderings(rows)
        ],
    }


def _numbers(row: AblationRow, column: Column) -> dict[str, object]:
    found, figure = row.differences.get(column), row.figures[column]
    numbers: dict[str, object] = {"mean": figure.mean, "of_seeds": list(figure.values.values())}
    if found is None:
        return numbers
    ends = {"low": found.low, "high": found.high, "is_told_apart": found.is_told_apart}
    return {**numbers, "difference": found.value, **ends}


def _table(rows: Sequence[AblationRow]) -> list[str]:
    """A line a figure, a column a row of table V."""
    table = [f"| | {' | '.join(row.ablation.meaning for row in rows)} |", "|---|" + "---|" * len(rows)]
    for column in COLUMNS:
        if any(column in row.figures for row in rows):
            cells = " | ".join(_cell(row, column) for row in rows)
            table.append(f"| {column.name} {_ARROWS[column.is_lower_better]} | {cells} |")
    return table


def _cell(row: AblationRow, column: Column) -> str:
    if column not in row.figures:
        return _NOT_MEASURED
    mean = f"{row.figures[column].mean:.3f}"
    return f"{mean}: {_difference(row.differences[column])}" if column in row.differences else mean


def _difference(found: Difference) -> str:
    told = f"{found.value:+.3f} ({found.low:+.3f} … {found.high:+.3f})"
    return f"**{told}**" if found.is_told_apart else told


def _how(rows: Sequence[AblationRow]) -> list[str]:
    """Whose weights each row has."""
    told = []
    for row in rows:
        seeds = ", ".join(map(str, row.seeds))
        told.append(f"- {row.ablation.meaning}: {row.note}" + (f"; seeds {seeds}" if seeds else ""))
    return told


def _told(ordering: Ordering) -> str:
    """One line: the whole method against a row by one column, in the paper and here."""
    row, column = ordering.row, ordering.column
    which = "better" if ordering.is_whole_better else "worse"
    theirs = f"{row.ablation.whole.paper[column.name]:g} against {row.ablation.paper[column.name]:g}"
    verdict = f"**{ordering.verdict}**" if ordering.verdict is Verdict.REVERSED else ordering.verdict
    return (
        f"| the whole method {which} than {row.ablation.meaning}: {column.name} | {theirs} "
        f"| {_difference(ordering.here)} | {verdict} |"
    )

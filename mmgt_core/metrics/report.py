"""One report of an evaluation: a table, JSON, plots, and a sheet that shows the videos beside the truth."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

from mmgt_core.keypoints import Float32Array
from mmgt_core.media.image_writing import write_image
from mmgt_core.metrics.evaluation import Evaluation
from mmgt_core.metrics.heat_map import draw_heat_maps
from mmgt_core.metrics.measurement import METRICS, TRUTH, Measurement, Region
from mmgt_core.types import FPS, UInt8Array

_COLUMNS = (Region.VIDEO, Region.FACE, Region.LIPS)
_GAP_PX, _LABEL_PX = 4, 18
_PAPER_NOTE = (
    "The paper's columns Syn-C (10 to 14, lower printed as better) and Syn-D (1 to 5, higher printed as better) behave "
    "as LSE-D and LSE-C, in this order. FGD and diversity here use our own pose autoencoder, so they compare with "
    "other runs of this program, not with the paper's numbers."
)


@dataclass(frozen=True)
class ReportFiles:
    """Where a report's parts lie."""

    table: Path
    numbers: Path
    heat_map: Path
    lags: Path | None
    sheet: Path


def write_report(evaluation: Evaluation, generated: str, truth: str, folder: Path) -> ReportFiles:
    """Write report.md, report.json, heat_map.png, hand_timing.png and sheet.png.

    Args:
        evaluation: what was found.
        generated, truth: what both sides are called.
        folder: made if it is absent; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = ReportFiles(
        table=folder / "report.md",
        numbers=folder / "report.json",
        heat_map=folder / "heat_map.png",
        lags=folder / "hand_timing.png" if evaluation.lags else None,
        sheet=folder / "sheet.png",
    )
    draw_heat_maps(files.heat_map, ("generated", "truth"), evaluation.heats)
    if files.lags and evaluation.lags:
        draw_lags(files.lags, evaluation.lags)
    labels = [f"{row.name}: {side}" for row in evaluation.rows for side in ("generated", "truth")]
    pictures = [frames for row in evaluation.rows for frames in (row.generated, row.truth)]
    write_image(files.sheet, sheet(labels, pictures))
    files.numbers.write_text(json.dumps(_numbers(evaluation, generated, truth), indent=1) + "\n")
    files.table.write_text(_page(evaluation, generated, truth, files))
    return files


def _numbers(evaluation: Evaluation, generated: str, truth: str) -> dict[str, object]:
    return {
        "generated": generated,
        "truth": truth,
        "resolution": evaluation.resolution,
        "videos": evaluation.num_videos,
        "frames": evaluation.num_frames,
        "poses": evaluation.poses.value,
        "posed": {region.value: names for region, names in evaluation.posed.items()},
        "measurements": [asdict(found) for found in evaluation.measurements],
    }


def _page(evaluation: Evaluation, generated: str, truth: str, files: ReportFiles) -> str:
    side = evaluation.resolution
    lines = [
        f"# {generated} against {truth}",
        "",
        f"{evaluation.num_videos} videos, {evaluation.num_frames} frames at {FPS} a second, evaluated at "
        f"{side} x {side} pixels; face and lips are cut out of these by the truth's keypoints "
        f"(`--poses {evaluation.poses}`).",
        "",
        picture_table(evaluation.measurements),
        "",
        gesture_table(evaluation.measurements),
        "",
        _missing(evaluation.measurements) + _partly_posed(evaluation),
        _PAPER_NOTE,
        "",
        f"![Motion from frame to frame]({files.heat_map.name})",
    ]
    if files.lags:
        lines += ["", f"![Hand speed against speech energy]({files.lags.name})"]
    return "\n".join([*lines, "", f"![Generated above truth]({files.sheet.name})", ""])


def picture_table(measurements: tuple[Measurement, ...]) -> str:
    """Table II's columns: one row a picture metric, one column a region; `-` where it was not measured."""
    by_place = {(found.metric, found.region): found for found in measurements}
    names = [name for name in METRICS if (name, Region.VIDEO) in by_place]
    rows = [
        f"| {name} ({METRICS[name].better}) | "
        + " | ".join(_number(by_place[name, region].value) for region in _COLUMNS)
        + f" | {METRICS[name].meaning} |"
        for name in names
    ]
    return "\n".join(["| | video | face | lips | |", "|---|---|---|---|---|", *rows])


def gesture_table(measurements: tuple[Measurement, ...]) -> str:
    """Metrics of gesture, mouth and sound: the generated side's number, and the truth's where that is the aim."""
    pictured = {found.metric for found in measurements if found.region is Region.VIDEO}
    rows = []
    for found in sorted(measurements, key=lambda found: list(METRICS).index(found.metric)):
        if found.metric in pictured:
            continue
        metric = METRICS[found.metric]
        note = f"; {found.note}" if found.note and found.value is not None else ""
        better = "near the truth's" if metric.better is TRUTH else metric.better
        rows.append(
            f"| {metric.name} ({better}) | {_number(found.value)} | {_number(found.truth)} | {metric.meaning}{note} |"
        )
    return "\n".join(["| | generated | truth | |", "|---|---|---|---|", *rows])


def _missing(measurements: tuple[Measurement, ...]) -> str:
    """What was not measured, grouped by what is to be given."""
    reasons: dict[str, list[str]] = {}
    for found in measurements:
        if found.value is None:
            names = reasons.setdefault(found.note, [])
            if found.metric not in names:
                names.append(found.metric)
    return "".join(f"- {', '.join(names)}: {note}.\n" for note, names in reasons.items())


def _partly_posed(evaluation: Evaluation) -> str:
    """What was measured on some videos alone, because the others have no keypoints for it."""
    number = evaluation.num_videos
    parts = [
        f"{region} in {len(names)} of {number} videos"
        for region, names in evaluation.posed.items()
        if 0 < len(names) < number
    ]
    return f"- keypoints: {', '.join(parts)}; report.json names them.\n" if parts else ""


def _number(value: float | None) -> str:
    """Four figures that count; `-` for what was not measured."""
    if value is None:
        return "-"
    digits = 0 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}"


def draw_lags(path: Path, lags: tuple[Float32Array, Float32Array]) -> None:
    """Correlation of hand speed with speech energy over the lag between them."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    seconds = (np.arange(len(lags[0])) - len(lags[0]) // 2) / FPS
    for values, name in zip(lags, ("generated", "truth"), strict=True):
        axis.plot(seconds, values, label=name)
    axis.set_xlabel("hands after speech, s")
    axis.set_ylabel("correlation")
    axis.axhline(0, color="0.8", zorder=0)
    axis.legend(frameon=False)
    figure.savefig(path, dpi=110)


def sheet(labels: list[str], rows: list[UInt8Array]) -> UInt8Array:
    """Pictures in rows, each with its label above: rows of (F, H, W, 3) of one size become one RGB picture."""
    height, width = rows[0].shape[1:3]
    columns = max(len(row) for row in rows)
    canvas = Image.new("RGB", (columns * (width + _GAP_PX), len(rows) * (height + _LABEL_PX + _GAP_PX)), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(_LABEL_PX - 6)
    for index, (label, row) in enumerate(zip(labels, rows, strict=True)):
        top = index * (height + _LABEL_PX + _GAP_PX)
        pen.text((2, top + 1), label, fill="black", font=font)
        for column, picture in enumerate(row):
            canvas.paste(Image.fromarray(picture), (column * (width + _GAP_PX), top + _LABEL_PX))
    return np.asarray(canvas)

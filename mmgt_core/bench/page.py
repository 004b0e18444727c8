"""A report as a page with a table and a plot; two reports side by side."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PAGE_FILE, PLOT_FILE = "bench.md", "bench.png"
_GIB, _TERA = 2**30, 1e12

Report = Mapping[str, Any]
"""What `BenchReport.write` wrote."""


def read_report(path: Path) -> Report:
    """A `bench.json`."""
    report: Report = json.loads(path.read_text())
    return report


def write_page(report: Report, folder: Path) -> list[Path]:
    """Write bench.md and bench.png; their paths."""
    page, plot = folder / PAGE_FILE, folder / PLOT_FILE
    _draw_stages(report, plot)
    lines = [*table(report), "", f"![Seconds by stage]({PLOT_FILE})", ""]
    page.write_text("\n".join(lines))
    return [page, plot]


def table(report: Report) -> list[str]:
    """The report in Markdown."""
    lines = [
        f"# {report['preset']} on {report['device']}, {report['dtype']}, {report['threads']} threads, "
        f"PyTorch {report['versions']['torch']}",
        "",
        f"Speech of {report['speech_s']} s; medians, (least to most) of the repetitions that the last column counts.",
        "",
        "| what | seconds | real time | clips an hour | first frame, s | UNet of the ceiling | times |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['name']} | {told(row['seconds'])} | {row['real_time_factor']:.2f} x | {row['clips_per_hour']:.0f} "
        f"| {told(row['first_frame'])} | {100 * row['utilisation']:.0f} % | {row['seconds']['times']} |"
        for row in report["rows"]
    ]
    if report["cold_start"]:
        cold = report["cold_start"]
        lines.append(f"| new process to first frame | {told(cold)} | | | | | {cold['times']} |")
    lines.append(f"| loading, imports done | {report['load_s']:.2f} | | | | | 1 |")
    lines += ["", "| stage, s | " + " | ".join(row["name"] for row in report["rows"]) + " |"]
    lines.append("|---|" + "---|" * len(report["rows"]))
    for stage in report["rows"][0]["stages"]:
        lines.append(f"| {stage} | " + " | ".join(told(row["stages"][stage]) for row in report["rows"]) + " |")
    lines += ["", f"Matrix ceiling {report['ceiling'] / _TERA:.3f} TFLOP/s. {_memory(report)}", ""]
    for row in report["rows"]:
        done = ", ".join(
            f"{name} {network['operations'] / _TERA:.3f} TFLOP in {network['calls']} calls"
            for name, network in row["operations"].items()
            if network["calls"]
        )
        finite = "every output finite" if row["is_finite"] else "**outputs that are not finite**"
        lines.append(f"Executed in one clip, {row['name']}: {done}; {finite}.")
    return lines


def comparison(before: Report, after: Report) -> list[str]:
    """How many times faster each thing of the second report is, in Markdown."""
    lines = [
        f"{before['preset']} on {before['device']}, {before['dtype']}, {before['speech_s']} s of speech; then "
        f"{after['preset']} on {after['device']}, {after['dtype']}, {after['speech_s']} s of speech.",
        "",
        "| what | before, s | after, s | times faster |",
        "|---|---|---|---|",
    ]
    rows = {row["name"]: row for row in before["rows"]}
    for row in after["rows"]:
        if row["name"] not in rows:
            continue
        former = rows[row["name"]]
        pairs = {row["name"]: "seconds", f"{row['name']}, first frame": "first_frame"}
        lines += [_faster(name, former[key], row[key]) for name, key in pairs.items()]
        for stage, spread in row["stages"].items():
            if stage in former["stages"]:
                lines.append(_faster(f"{row['name']}, {stage}", former["stages"][stage], spread))
    if before["cold_start"] and after["cold_start"]:
        lines.append(_faster("new process to first frame", before["cold_start"], after["cold_start"]))
    held = [report["peak_allocated_bytes"] / _GIB for report in (before, after)]
    return [*lines, "", f"Peak memory: {held[0]:.2f} GiB, then {held[1]:.2f} GiB."]


def told(spread: Mapping[str, Any]) -> str:
    """A median with its surroundings."""
    return f"{spread['median']:.2f} ({spread['least']:.2f} to {spread['most']:.2f})"


def _faster(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    ratio = before["median"] / after["median"] if after["median"] else float("inf")
    return f"| {name} | {told(before)} | {told(after)} | {ratio:.2f} |"


def _memory(report: Report) -> str:
    allocated, reserved = report["peak_allocated_bytes"] / _GIB, report["peak_reserved_bytes"]
    if reserved is None:
        return f"Peak memory of the process {allocated:.2f} GiB."
    return f"Peak memory of the device {allocated:.2f} GiB allocated, {reserved / _GIB:.2f} GiB reserved."


def _draw_stages(report: Report, path: Path) -> None:
    """Bars of the stages' medians, one a way to render."""
    figure = Figure(figsize=(8, 1.2 + 0.8 * len(report["rows"])), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    names = [row["name"] for row in report["rows"]]
    done = [0.0] * len(names)
    for stage in report["rows"][0]["stages"]:
        seconds = [row["stages"][stage]["median"] for row in report["rows"]]
        axes.barh(names, seconds, left=done, label=stage)
        done = [start + more for start, more in zip(done, seconds, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel(f"seconds, for {report['speech_s']} s of speech")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.35), ncols=3, frameon=False)
    figure.savefig(path, dpi=120)

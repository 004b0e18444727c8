"""A picture of what `quality_modes` printed: `python -m mmgt_core.bench.quality_plot TABLE.json PICTURE.svg`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from mmgt_core.metrics.image import EQUAL_DB

PANELS = (
    ("whole frame, PSNR to exact (dB)", lambda row: row["to_exact"]["psnr"]),
    ("lips, PSNR to exact (dB)", lambda row: row["to_exact"]["psnr_lips"]),
    ("hands, PSNR to exact (dB)", lambda row: row["to_exact"]["psnr_hands"]),
    ("whole frame, SSIM to exact", lambda row: row["to_exact"]["ssim"]),
    ("lips, PSNR to the drawn truth (dB)", lambda row: row["to_truth"]["psnr_lips"]),
    ("flicker where the truth stands still (levels of 255)", lambda row: row["flicker"]),
)
_COLOURS = {
    "ddim": "#1f77b4",
    "ddim_clean": "#17becf",
    "unipc_bh1": "#ff7f0e",
    "unipc_bh2": "#d62728",
    "dpm_2m": "#2ca02c",
}
_MARKS = {"linear": "s", "looping": "D", "shifted": "o"}


def draw(table: dict[str, Any], path: Path) -> None:
    """Draw cost, `exact`'s time over a candidate's, against each figure of likeness; own modes by their names."""
    figure = Figure(figsize=(13, 8), layout="constrained")
    FigureCanvasSVG(figure)
    for axes, (title, value) in zip(figure.subplots(2, 3).flat, PANELS, strict=True):
        for row in table["rows"]:
            found, sampling = value(row), row["sampling"]
            if found >= EQUAL_DB:  # exact itself
                continue
            mark, colour = _MARKS[sampling["window_schedule"]], _COLOURS[sampling["sampler"]]
            is_plain = sampling["guidance_scale"] != 1 and sampling["guided_to"] == 0 and sampling["guided_from"] == 999
            axes.plot(row["times_faster"], found, mark, color=colour, fillstyle="full" if is_plain else "none")
            axes.annotate(
                _word(row), (row["times_faster"], found), fontsize=7, xytext=(3, 3), textcoords="offset points"
            )
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("times faster than exact (CPU seconds of a clip)", fontsize=8)
        axes.grid(alpha=0.3)
    names = ", ".join(f"{name} {colour}" for name, colour in _COLOURS.items())
    figure.suptitle(f"{table['preset']}, {table['clips']} clips of {table['seconds']:g} s ({names})", fontsize=9)
    figure.savefig(path)


def _word(row: dict[str, Any]) -> str:
    sampling = row["sampling"]
    if row["is_mode"]:
        return f"{sampling['quality'].upper()} ({sampling['num_inference_steps']})"
    return str(sampling["num_inference_steps"])


def main(table: Annotated[Path, typer.Argument()], picture: Annotated[Path, typer.Argument()]) -> None:
    """Draw a table's picture."""
    draw(json.loads(table.read_text()), picture)


if __name__ == "__main__":
    typer.run(main)

"""A picture of what `quality_modes` printed: `python -m mmgt_core.bench.quality_plot TABLE.json PICTURE.svg`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from matplotlib import rc_context
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
            if row["to_exact"]["psnr"] >= EQUAL_DB and "to exact" in title:
                continue  # exact itself
            place, sampling = (row["times_faster"], value(row)), row["sampling"]
            is_always_guided = (sampling["guided_to"], sampling["guided_from"]) == (0, 999)
            axes.plot(
                *place,
                _MARKS[sampling["window_schedule"]],
                color=_COLOURS[sampling["sampler"]],
                fillstyle="full" if is_always_guided and sampling["guidance_scale"] > 1 else "none",
            )
            axes.annotate(_word(row), place, fontsize=7, xytext=(3, 3), textcoords="offset points")
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("times faster than exact (CPU seconds of a clip)", fontsize=8)
        axes.grid(alpha=0.3)
    for name, colour in _COLOURS.items():
        axes.plot([], [], "o", color=colour, label=name)
    axes.plot([], [], "s", color="grey", label="windows overlap")
    axes.plot([], [], "o", color="grey", fillstyle="none", label="less guidance, or none")
    figure.legend(loc="outside lower center", ncols=7, fontsize=8)
    clips = f"{table['preset']}, clips: {table['clips']} of {table['seconds']:g} s; numbers are steps"
    figure.suptitle(clips, fontsize=10)
    with rc_context({"svg.fonttype": "none"}):  # letters stay letters
        figure.savefig(path)


def _word(row: dict[str, Any]) -> str:
    sampling = row["sampling"]
    if row["is_own_mode"]:
        return f"{sampling['quality'].upper()} ({sampling['num_inference_steps']})"
    return str(sampling["num_inference_steps"])


def main(table: Annotated[Path, typer.Argument()], picture: Annotated[Path, typer.Argument()]) -> None:
    """Draw a table's picture."""
    draw(json.loads(table.read_text()), picture)


if __name__ == "__main__":
    typer.run(main)

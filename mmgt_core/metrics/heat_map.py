"""The motion-diversity heat map of fig. 12: where in the picture how much moves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class MotionHeat:
    """Gathers how much every pixel changes over a video, block by block."""

    def __init__(self) -> None:
        self._summed: Float32Array | None = None
        self._last: Float32Array | None = None
        self._number = 0

    def add(self, frames: UInt8Array) -> None:
        """Take the next frames, (F, H, W, 3)."""
        grey = frames.astype(np.float32) @ _LUMA  # (F, H, W)
        if self._last is not None:
            grey = np.concatenate([self._last[None], grey])
        change = np.abs(np.diff(grey, axis=0)).sum(axis=0)
        self._summed = change if self._summed is None else self._summed + change
        self._number += len(grey) - 1
        self._last = grey[-1]

    def heat(self) -> Float32Array:
        """Mean change from frame to frame of each pixel's brightness, (H, W) in % of its range."""
        if self._summed is None:
            raise ValueError("no frames were given")
        return (self._summed / max(self._number, 1) / 255 * 100).astype(np.float32)


def draw_heat_maps(path: Path, names: Sequence[str], heats: Sequence[Float32Array]) -> None:
    """Draw maps side by side on one scale, blue where nothing moves to red where most does."""
    figure = Figure(figsize=(3.2 * len(heats) + 0.8, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(heats), squeeze=False)[0]
    most = max(float(np.percentile(heat, 99.5)) for heat in heats) or 1.0
    for axis, name, heat in zip(axes, names, heats, strict=True):
        image = axis.imshow(heat, cmap="jet", vmin=0, vmax=most)
        axis.set_title(name)
        axis.set_axis_off()
    figure.colorbar(image, ax=axes, label="change from frame to frame, % of range", shrink=0.85)
    figure.savefig(path, dpi=110)

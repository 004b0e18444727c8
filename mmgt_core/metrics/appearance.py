"""Whether a generated presenter looks like the right one, and holds still where the truth does."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.types import UInt8Array

_SAME_COLOUR = 40.0
"""Distance in RGB up to which a pixel of the truth belongs to a part's colour; shades and blurred edges do not."""
_FEWEST_PIXELS = 20
UNCHANGED_LEVELS = 2
"""Levels of 255 by which a pixel of the truth may change from frame to frame and still count as standing still."""


def identity_errors(
    frames: UInt8Array, truth: UInt8Array, colours: Mapping[str, npt.NDArray[np.floating]]
) -> dict[str, float]:
    """How far the mean colour of each part lies from the truth's, in % of the range, mean over channels.

    Args:
        frames, truth: (F, H, W, 3) RGB, of the same poses, so that each pixel shows the same part.
        colours: part to its RGB in the truth, 0 to 255; a part with hardly any pixels is left out.
    """
    names, palette = list(colours), np.array(list(colours.values()), np.float64)
    distances = np.linalg.norm(truth[..., None, :].astype(np.float32) - palette.astype(np.float32), axis=-1)
    nearest = distances.argmin(axis=-1)  # (F, H, W)
    found = {}
    for index, name in enumerate(names):
        is_part = (nearest == index) & (distances[..., index] < _SAME_COLOUR)
        if is_part.sum() >= _FEWEST_PIXELS:
            difference = frames[is_part].mean(axis=0) - truth[is_part].mean(axis=0)
            found[name] = float(np.abs(difference).mean() / 255 * 100)
    return found


def flicker(frames: UInt8Array, truth: UInt8Array, apart_px: int = 0) -> tuple[float, float]:
    """Mean change from frame to frame where the truth does not change: of `frames` and of `truth`, in levels of 255.

    Args:
        frames, truth: (F, H, W, 3); at least two frames.
        apart_px: leaves out what is as near as that to a place where the truth changes: a contour that lies a pixel
            off is no flicker.
    """
    changes, true_changes = _changes(frames), _changes(truth)
    is_still = true_changes.max(axis=-1) <= UNCHANGED_LEVELS  # (F - 1, H, W)
    if apart_px:
        reach = np.ones((2 * apart_px + 1, 2 * apart_px + 1), np.uint8)
        is_still = np.stack([cv2.erode(still.astype(np.uint8), reach) > 0 for still in is_still])
    if not is_still.any():
        return 0.0, 0.0
    return float(changes[is_still].mean()), float(true_changes[is_still].mean())


def temporal_error(frames: UInt8Array, truth: UInt8Array) -> float:
    """How far each pixel's change from frame to frame lies from the truth's, mean in levels of 255; 0 for one frame.

    What flickers has it, and so has what stands still where the truth moves.
    """
    if len(frames) < 2:
        return 0.0
    change, true_change = (np.diff(pictures.astype(np.int16), axis=0) for pictures in (frames, truth))
    return float(np.abs(change - true_change).mean())


def mean_change(frames: UInt8Array) -> float:
    """Mean change from frame to frame over the whole picture, in levels of 255; 0 for one frame."""
    return float(_changes(frames).mean()) if len(frames) > 1 else 0.0


def _changes(frames: UInt8Array) -> npt.NDArray[np.int16]:
    return np.abs(np.diff(frames.astype(np.int16), axis=0))

"""Where the rendered square meets the photograph: how much of it is shown there, and how far its colours are off."""

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array

Seams = tuple[bool, bool, bool, bool]
"""Whether the square ends above, below, on the left and on the right; elsewhere the picture does."""

_FEATHER = 0.06
"""Of the square's side: over so much it fades into the photograph."""
_ROUGH_SIDE = 48
"""Cells of the picture on which colours are compared."""
_BAND = 4
"""So many cells from a seam count as beside it."""
_REACH = 5.0
"""In cells: how far a colour is carried along the seam, and from it inwards."""
_MOVED = 16.0
"""Levels: a cell that differs by more shows something else, not another colour."""


def fading(
    size: tuple[int, int], feather_px: tuple[float, float], seams: tuple[bool, bool, bool, bool]
) -> Float32Array:
    """The share of the square in each pixel of its box, (H, W), 0 to 1: it falls to nothing towards each seam.

    Args:
        size: height and width of the box in pixels.
        feather_px: over how many pixels, down and across.
        seams: of the box.
    """
    height, width = size
    above, below, left, right = seams
    down = _ramp(height, feather_px[0], above, below)
    across = _ramp(width, feather_px[1], left, right)
    return np.outer(down, across).astype(np.float32)


def feather(length: float) -> float:
    """Pixels over which a square of a side fades."""
    return _FEATHER * length


def colour_error(change: Float32Array, seams: Seams) -> Float32Array | None:
    """How far the square's colours are off along its seams, carried a little way inwards; None without a seam.

    Args:
        change: what differs from the portrait, (H, W, 3) levels.
        seams: of the square.

    Returns:
        (H, W, 3) levels.
    """
    if not any(seams):
        return None
    height, width = change.shape[:2]
    rough = cv2.resize(change, (_ROUGH_SIDE, _ROUGH_SIDE), interpolation=cv2.INTER_AREA)
    beside = _beside(seams)
    alike = (beside * (np.abs(rough).max(axis=-1) < _MOVED)).astype(np.float32)
    carried = cv2.GaussianBlur(rough * alike[..., None], (0, 0), _REACH, borderType=cv2.BORDER_CONSTANT)
    weight = cv2.GaussianBlur(alike, (0, 0), _REACH, borderType=cv2.BORDER_CONSTANT)
    near = cv2.GaussianBlur(beside, (0, 0), _REACH, borderType=cv2.BORDER_CONSTANT)
    mean = carried / np.maximum(weight, 1e-3)[..., None]
    share = np.minimum(near / near.max(), 1)[..., None]
    return np.asarray(cv2.resize(mean * share, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _beside(seams: Seams) -> Float32Array:
    above, below, left, right = seams
    beside = np.zeros((_ROUGH_SIDE, _ROUGH_SIDE), np.float32)
    beside[:_BAND] += above
    beside[-_BAND:] += below
    beside[:, :_BAND] += left
    beside[:, -_BAND:] += right
    return np.minimum(beside, 1)


def _ramp(length: int, feather_px: float, from_start: bool, to_end: bool) -> Float32Array:
    places = np.arange(length, dtype=np.float32)
    ramp = np.ones(length, np.float32)
    for is_seam, distance in ((from_start, places), (to_end, length - 1 - places)):
        if is_seam:
            share = np.clip(distance / feather_px, 0, 1)
            ramp *= share * share * (3 - 2 * share)
    return ramp

"""A hand with bones: 21 points in space from a wrist, a direction, and how the fingers are held."""

from dataclasses import dataclass

import numpy as np

from mmgt_core.synthetic.curves import Curve

_THUMB = np.array([(0.16, 0.15), (0.33, 0.27), (0.47, 0.36), (0.59, 0.42)])
_KNUCKLES = np.array([(0.50, 0.15), (0.52, 0.03), (0.49, -0.09), (0.44, -0.20)])
_BONES = np.array([(0.23, 0.15, 0.11), (0.25, 0.16, 0.12), (0.23, 0.15, 0.11), (0.18, 0.11, 0.10)])
"""In hand lengths from the wrist: along the hand and towards the thumb; lengths of the bones from index to little."""

_SPLAY = np.array([0.14, 0.02, -0.10, -0.24])
"""Radians towards the thumb, of fingers spread fully."""

_BEND = np.array([1.15, 1.45, 0.9])
"""Radians of each joint in a fist."""

_LITTLE_LAGS = np.array([0.85, 0.95, 1.05, 1.15])
"""Relaxed fingers curl more towards the little one."""


@dataclass(frozen=True)
class HandShape:
    """How the fingers are held, (F,) each, 0 to 1: curl from flat to fist, spread, pointing with the index finger."""

    curl: Curve
    spread: Curve
    pointing: Curve


def hand_points(wrist: Curve, along: Curve, palm: Curve, length: float, shape: HandShape) -> Curve:
    """The 21 points of a right hand.

    Args:
        wrist: (F, 3), x right, y down, z towards the viewer. along, palm: (F, 3) unit vectors at right angles, from
            wrist to fingers and out of the palm. length: wrist to the middle finger's tip.

    Returns:
        (F, 21, 3).
    """
    thumb = np.cross(palm, along)
    local = np.concatenate([np.zeros((len(wrist), 1, 3)), _thumb(shape), _fingers(shape)], axis=1)  # (F, 21, 3)
    axes = np.stack([along, thumb, palm], axis=1)  # (F, 3 of the hand, 3 of space)
    return np.asarray(wrist[:, None] + length * local @ axes)


def _thumb(shape: HandShape) -> Curve:
    """(F, 4, 3): it swings across the palm as the hand closes."""
    closing = np.clip(shape.curl, 0, 1)[:, None]
    along = _THUMB[:, 0] * (1 - 0.12 * closing)
    aside = _THUMB[:, 1] * (0.75 + 0.35 * shape.spread[:, None] - 0.45 * closing)
    inward = np.array([0.05, 0.12, 0.2, 0.26]) * (0.3 + closing)
    return np.stack([along, aside, inward], axis=-1)


def _fingers(shape: HandShape) -> Curve:
    """(F, 16, 3): each bone bends further towards the palm than the one before."""
    curl = shape.curl[:, None] * _LITTLE_LAGS
    curl[:, 0] *= 1 - shape.pointing
    curl[:, 1:] += (shape.pointing * (0.9 - shape.curl))[:, None]
    bend = np.cumsum(curl[:, :, None] * _BEND, axis=2)  # (F, 4, 3 bones)
    splay = (_SPLAY * (0.35 + shape.spread[:, None]))[:, :, None]
    directions = np.stack([np.cos(bend) * np.cos(splay), np.cos(bend) * np.sin(splay), np.sin(bend)], axis=-1)
    knuckles = np.concatenate([_KNUCKLES, np.zeros((4, 1))], axis=1)
    tips = knuckles[:, None] + np.cumsum(directions * _BONES[:, :, None], axis=2)  # (F, 4, 3, 3)
    start = np.broadcast_to(knuckles[:, None], (*tips.shape[:2], 1, 3))
    return np.concatenate([start, tips], axis=2).reshape(len(curl), 16, 3)

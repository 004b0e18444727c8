"""What a presenter is drawn of, from back to front: each part with its material and the place that moves it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import skia

from mmgt_core.synthetic.curves import Curve
from mmgt_core.synthetic.shapes import Points


class Material(StrEnum):
    """What a part is made of, as far as a photograph would show it."""

    SKIN = "skin"
    HAIR = "hair"
    CLOTH = "cloth"
    EDGE = "edge"
    GLASS = "glass"


@dataclass(frozen=True)
class Part:
    """place: (2, 3), the affine map from the part's own pixels to the canvas: whatever is on it moves along."""

    material: Material
    place: Curve
    draw: Callable[[skia.Canvas], None]


def at(point: Points) -> Curve:
    """The place of what moves with a point and never turns, (2, 3)."""
    return np.column_stack([np.eye(2), point])


def along(start: Points, end: Points) -> Curve:
    """The place of what moves with a bone, (2, 3): its own x axis lies along the bone and keeps its scale."""
    way = end - start
    x, y = way / (float(np.hypot(*way)) or 1.0)
    return np.array([[x, -y, start[0]], [y, x, start[1]]])

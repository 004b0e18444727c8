"""Few words for drawing with Skia: paints by colour, curves through points, limbs that taper."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import skia

from mmgt_core.synthetic.identity import Colour

Points = npt.NDArray[np.floating]
"""(N, 2) pixels of the 512 canvas."""


@cache
def fill(colour: Colour, alpha: int = 255) -> skia.Paint:
    """Paint the inside of shapes."""
    return skia.Paint(Color=skia.Color(*colour, alpha), AntiAlias=True)


@cache
def line(colour: Colour, width: float, alpha: int = 255) -> skia.Paint:
    """Paint lines with round ends; width in pixels of the 512 canvas."""
    return skia.Paint(
        Color=skia.Color(*colour, alpha),
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


def curve(*runs: Points, closed: bool = False) -> skia.Path:
    """A smooth path through the points; where one run ends and the next begins there may be a corner."""
    path = skia.Path()
    is_ring = closed and len(runs) == 1
    for run in runs:
        points = run.tolist()
        knots = [points[-1], *points, *points[:2]] if is_ring else [points[0], *points, points[-1]]
        if path.isEmpty():
            path.moveTo(*points[0])
        else:
            path.lineTo(*points[0])
        for (ax, ay), (bx, by), (cx, cy), (dx, dy) in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
            path.cubicTo(bx + (cx - ax) / 6, by + (cy - ay) / 6, cx - (dx - bx) / 6, cy - (dy - by) / 6, cx, cy)
    if closed:
        path.close()
    return path


def shifted(point: Points, right: float, down: float) -> Points:
    """The point that many pixels further."""
    return point + np.array([right, down])


def limb(start: Points, end: Points, start_radius: float, end_radius: float) -> skia.Path:
    """A round-ended bone from one point to another."""
    along = end - start
    length = float(np.hypot(*along)) or 1.0
    across = np.array([-along[1], along[0]]) / length
    corners = [start + across * start_radius, end + across * end_radius, end - across * end_radius]
    corners.append(start - across * start_radius)
    path = skia.Path()
    path.addPoly([skia.Point(*corner.tolist()) for corner in corners], True)
    path.addCircle(*start.tolist(), start_radius, _direction(corners))
    path.addCircle(*end.tolist(), end_radius, _direction(corners))
    return path


def _direction(corners: Sequence[Points]) -> skia.PathDirection:
    """That of the corners, so that overlapping parts add up."""
    (ax, ay), (bx, by), (cx, cy) = (corner.tolist() for corner in corners[:3])
    is_clockwise = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0
    return skia.PathDirection.kCW if is_clockwise else skia.PathDirection.kCCW

"""Hair in the head's own coordinates, around the place between the eyes; it turns with the head."""

from collections.abc import Callable

import numpy as np
import skia

from mmgt_core.synthetic.identity import HairStyle, PresenterIdentity, shade
from mmgt_core.synthetic.shapes import curve, fill, line

_CAP = [(-66, 6), (-72, -34), (-62, -78), (-34, -104), (0, -110), (34, -104), (62, -78), (72, -34), (66, 6)]
_CLOSE_CAP = [(-64, -6), (-66, -40), (-54, -76), (-30, -94), (0, -99), (30, -94), (54, -76), (66, -40), (64, -6)]
_HAIRLINES = {
    HairStyle.SHORT: [(60, -20), (53, -46), (24, -60), (-24, -62), (-53, -46), (-60, -20)],
    HairStyle.BUZZ: [(60, -26), (50, -56), (22, -68), (-22, -68), (-50, -56), (-60, -26)],
    HairStyle.SIDE_PARTED: [(60, -14), (56, -40), (36, -52), (2, -62), (-30, -78), (-44, -58), (-56, -34), (-61, -16)],
    HairStyle.BOB: [(60, 58), (55, 4), (53, -24), (40, -44), (0, -48), (-40, -44), (-53, -24), (-55, 4), (-60, 58)],
    HairStyle.LONG: [
        (62, 84),
        (58, 30),
        (55, -14),
        (38, -54),
        (4, -80),
        (-4, -80),
        (-38, -54),
        (-55, -14),
        (-58, 30),
        (-62, 84),
    ],
    HairStyle.BUN: [(60, -14), (52, -46), (26, -66), (0, -70), (-26, -66), (-52, -46), (-60, -14)],
    HairStyle.CURLY: [(60, -16), (50, -44), (22, -56), (-22, -56), (-50, -44), (-60, -16)],
}
_SIDES = {HairStyle.BOB: [(76, 40), (74, 78)], HairStyle.LONG: [(77, 50), (80, 110)]}
"""Where front hair reaches down beside the face."""

_CURLS = [
    (-74, 8),
    (-80, -24),
    (-74, -58),
    (-54, -88),
    (-26, -106),
    (6, -112),
    (36, -102),
    (62, -80),
    (77, -50),
    (80, -16),
]
_BOB_BACK = [(-60, -60), (-76, 0), (-84, 62), (-72, 96), (0, 102), (72, 96), (84, 62), (76, 0), (60, -60)]
_LONG_BACK = [
    (-60, -60), (-77, 0), (-90, 90), (-98, 180), (-60, 204), (60, 204), (98, 180), (90, 90), (77, 0), (60, -60),
]  # fmt: skip


def draw_back_hair(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    """What hangs behind neck and face."""
    dark = fill(shade(identity.hair, 0.78))
    style = identity.hair_style
    if style is HairStyle.BOB:
        canvas.drawPath(curve(np.array(_BOB_BACK, float), closed=True), dark)
    elif style is HairStyle.LONG:
        canvas.drawPath(curve(np.array(_LONG_BACK, float), closed=True), dark)
    elif style is HairStyle.BUN:
        canvas.drawCircle(0, -112, 29, fill(identity.hair))
        canvas.drawCircle(0, -112, 29, line(shade(identity.hair, 0.7), 3))
    elif style is HairStyle.CURLY:
        for x, y in [*_CURLS, (78, 16)]:
            canvas.drawCircle(x, y, 23, dark)


def draw_front_hair(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    """What lies over forehead and sides."""
    style = identity.hair_style
    cap = _CLOSE_CAP if style is HairStyle.BUZZ else _CAP
    side = _SIDES.get(style, [])
    mirrored = [(-x, y) for x, y in side[::-1]]
    outline = curve(np.array([*mirrored, *cap, *side], float), np.array(_HAIRLINES[style], float), closed=True)
    canvas.drawPath(outline, fill(identity.hair))
    if style is HairStyle.CURLY:
        for x, y in _CURLS:
            canvas.drawCircle(x * 0.82, y * 0.86, 17, fill(identity.hair))
    _STRANDS.get(style, _no_strands)(canvas, identity)


def _strands(*lines: list[tuple[float, float]]) -> Callable[[skia.Canvas, PresenterIdentity], None]:
    paths = [np.array(points, float) for points in lines]

    def draw(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
        paint = line(shade(identity.hair, 1.25), 3, 150)
        for points in paths:
            canvas.drawPath(curve(points), paint)

    return draw


def _no_strands(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    """Short hair has none."""


_STRANDS = {
    HairStyle.SHORT: _strands([(-40, -84), (-10, -92), (24, -88)]),
    HairStyle.SIDE_PARTED: _strands([(-28, -82), (10, -88), (46, -66)], [(-26, -78), (14, -76), (48, -52)]),
    HairStyle.BOB: _strands([(-46, -66), (-20, -84), (14, -88)], [(-62, -20), (-64, 10), (-63, 40)]),
    HairStyle.LONG: _strands([(-6, -92), (-40, -74), (-60, -30)], [(6, -92), (40, -74), (60, -30)]),
    HairStyle.BUN: _strands([(-44, -70), (-20, -90), (0, -102)], [(44, -70), (20, -90), (0, -102)]),
}

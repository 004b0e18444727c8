"""The colours by which a drawn presenter is recognised, and by which its mouth is seen to be open."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import skia

from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.synthetic.head import MOUTH_INSIDE, TEETH, TONGUE
from mmgt_core.synthetic.identity import Beard, Colour, Light, PresenterIdentity, shade
from mmgt_core.synthetic.scene import light_paint

Colours = npt.NDArray[np.float64]

_PROBE_SIDE = 32
_MOUTH, _CHEST, _HAIR = (256, 185), (256, 400), (256, 60)
"""Where on the canvas the light falls on each."""
_LIP_SHADE, _SKIN_SHADE = 0.84, 0.75


@dataclass(frozen=True)
class PresenterColours:
    """parts: name to RGB, 0 to 255. inside_mouth, around_mouth: (N, 3) each. All as they look in the clip's light."""

    parts: dict[str, Colours]
    inside_mouth: Colours
    around_mouth: Colours

    @classmethod
    def of(cls, identity: PresenterIdentity) -> "PresenterColours":
        """Those of one presenter."""
        skin, lips, light = identity.skin, identity.lips, identity.light
        around = [lips, shade(lips, _LIP_SHADE), skin, shade(skin, _SKIN_SHADE)]
        if identity.beard is not Beard.NONE:
            around.append(identity.hair)
        return cls(
            parts={
                "clothes": _lit([identity.clothes], light, _CHEST)[0],
                "skin": _lit([skin], light, _MOUTH)[0],
                "hair": _lit([identity.hair], light, _HAIR)[0],
            },
            inside_mouth=_lit([MOUTH_INSIDE, TEETH, TONGUE], light, _MOUTH),
            around_mouth=_lit(around, light, _MOUTH),
        )


def _lit(colours: Sequence[Colour], light: Light, place: tuple[int, int]) -> Colours:
    """Colours under the clip's light at a place on the canvas: (N, 3)."""
    column, row = (int(value * _PROBE_SIDE / CANVAS_SIZE) for value in place)
    found = []
    for colour in colours:
        pixels = np.zeros((_PROBE_SIDE, _PROBE_SIDE, 4), np.uint8)
        surface = skia.Surface(pixels)
        canvas = surface.getCanvas()
        canvas.scale(_PROBE_SIDE / CANVAS_SIZE, _PROBE_SIDE / CANVAS_SIZE)
        canvas.clear(skia.Color(*colour))
        canvas.drawPaint(light_paint(light))
        found.append(pixels[row, column, :3].astype(np.float64))
    return np.stack(found)

"""The head: skull, ears, eyes, nose, mouth, beard and glasses."""

import numpy as np
import skia

from mmgt_core.keypoints import FACE
from mmgt_core.synthetic.identity import Beard, Glasses, HairStyle, PresenterIdentity, mix, shade
from mmgt_core.synthetic.shapes import Points, curve, fill, line, shifted

MOUTH_INSIDE = (62, 16, 22)
TEETH = (244, 242, 234)
TONGUE = (176, 74, 80)
"""Colours inside every mouth, before the light; the opening can be measured from them."""

_EYE_WHITE = (246, 246, 242)
_LASHES = (34, 26, 26)
_GLASSES_FRAME = (40, 40, 48)
_TEETH_SHOW_PX = 6.0
_COVERS_EARS = (HairStyle.BOB, HairStyle.LONG)

_SKULL = np.array([(63, -30), (58, -58), (40, -82), (0, -93), (-40, -82), (-58, -58), (-63, -30)], float)
"""From the ear at image right over the top, around the place between the eyes, of a head of usual size."""


def skull_points(identity: PresenterIdentity) -> Points:
    """Those points of the head that have no keypoints, before it turns."""
    return _SKULL * (identity.build.head_width, identity.build.head_height)


def draw_head(canvas: skia.Canvas, identity: PresenterIdentity, keypoints: Points, skull: Points) -> None:
    """Everything but the hair. keypoints: (134, 2). skull: `skull_points` where the head is now."""
    face = keypoints[FACE]
    skin = identity.skin
    for ear in () if identity.hair_style in _COVERS_EARS else keypoints[16:18].tolist():
        oval = skia.Rect.MakeXYWH(ear[0] - 11, ear[1] - 19, 22, 40)
        canvas.drawOval(oval, fill(shade(skin, 0.9)))
        canvas.drawOval(oval, line(shade(skin, 0.7), 2))
    outline = curve(np.concatenate([face[:17], skull]), closed=True)
    canvas.drawPath(outline, fill(skin))
    canvas.drawPath(outline, line(shade(skin, 0.72), 2.2))
    for cheek in ((face[2] + face[31]) / 2, (face[14] + face[35]) / 2):
        canvas.drawCircle(*cheek.tolist(), 15, fill(mix(skin, (220, 90, 90), 0.5), 60))
    _draw_beard(canvas, identity, face)
    _draw_nose(canvas, identity, face)
    _draw_mouth(canvas, identity, face[48:60], face[60:68])
    _draw_eyes(canvas, identity, face, keypoints[14:16])


def draw_glasses(canvas: skia.Canvas, identity: PresenterIdentity, keypoints: Points) -> None:
    """In front of eyes and hair's side, if worn."""
    if identity.glasses is Glasses.NONE:
        return
    face = keypoints[FACE]
    right, left = face[36:42].mean(axis=0), face[42:48].mean(axis=0)
    paint = line(_GLASSES_FRAME, 3.6)
    half_width, half_height = (21, 20) if identity.glasses is Glasses.ROUND else (23, 16)
    radius = 20 if identity.glasses is Glasses.ROUND else 5
    for centre in (right, left):
        x, y = centre.tolist()
        rim = skia.Rect.MakeLTRB(x - half_width, y - half_height + 2, x + half_width, y + half_height + 2)
        canvas.drawRoundRect(rim, radius, radius, fill((235, 245, 255), 36))
        canvas.drawRoundRect(rim, radius, radius, paint)
    canvas.drawLine(*shifted(right, half_width, 0).tolist(), *shifted(left, -half_width, 0).tolist(), paint)
    canvas.drawLine(*shifted(right, -half_width, 0).tolist(), *face[0].tolist(), paint)
    canvas.drawLine(*shifted(left, half_width, 0).tolist(), *face[16].tolist(), paint)


def _draw_eyes(canvas: skia.Canvas, identity: PresenterIdentity, face: Points, pupils: Points) -> None:
    for eye, brow, pupil in ((face[36:42], face[17:22], pupils[0]), (face[42:48], face[22:27], pupils[1])):
        outline = curve(eye[:4], eye[[3, 4, 5, 0]], closed=True)
        canvas.drawPath(outline, fill(_EYE_WHITE))
        canvas.save()
        canvas.clipPath(outline, doAntiAlias=True)
        x, y = pupil.tolist()
        canvas.drawCircle(x, y, 7.4, fill(identity.iris))
        canvas.drawCircle(x, y, 3.6, fill((16, 14, 16)))
        canvas.drawCircle(x + 2.2, y - 2.4, 1.6, fill((255, 255, 255)))
        canvas.restore()
        canvas.drawPath(curve(eye[:4]), line(_LASHES, 3.4))
        canvas.drawPath(curve(eye[[3, 4, 5, 0]]), line(shade(identity.skin, 0.6), 1.4))
        canvas.drawPath(curve(brow), line(shade(identity.hair, 0.8), 6))


def _draw_nose(canvas: skia.Canvas, identity: PresenterIdentity, face: Points) -> None:
    shadow = shade(identity.skin, 0.72)
    canvas.drawPath(curve(face[31:36]), line(shadow, 3))
    near = face[31] if identity.light.side > 0 else face[35]
    canvas.drawPath(curve(np.array([face[28], face[29] * 0.6 + near * 0.4, near])), line(shadow, 2, 120))
    canvas.drawCircle(*face[30].tolist(), 4, fill(shade(identity.skin, 1.12), 130))


def _draw_mouth(canvas: skia.Canvas, identity: PresenterIdentity, outer: Points, inner: Points) -> None:
    """Lips around a dark inside with teeth and tongue; a closed mouth is a line."""
    closed_line = line(shade(identity.lips, 0.55), 1.8)
    around = curve(outer[:7], outer[[6, 7, 8, 9, 10, 11, 0]], closed=True)
    canvas.drawPath(around, fill(identity.lips))
    canvas.drawPath(curve(outer[:7], inner[4::-1], closed=True), fill(shade(identity.lips, 0.84)))
    inside = curve(inner[:5], inner[[4, 5, 6, 7, 0]], closed=True)
    gap = float(inner[6, 1] - inner[2, 1])
    if gap > 1:
        canvas.drawPath(inside, fill(MOUTH_INSIDE))
    if gap > _TEETH_SHOW_PX:
        canvas.save()
        canvas.clipPath(inside, doAntiAlias=True)
        x, top = inner[2].tolist()
        half = float(inner[4, 0] - inner[0, 0]) * 0.36
        teeth = min(6.5, 0.3 * gap)
        canvas.drawRoundRect(skia.Rect.MakeLTRB(x - half, top - 8, x + half, top + teeth), 3, 3, fill(TEETH))
        low = float(inner[6, 1])
        canvas.drawOval(skia.Rect.MakeLTRB(x - half, low - 0.28 * gap, x + half, low + 10), fill(TONGUE))
        canvas.restore()
    canvas.drawPath(curve(inner[:5]), closed_line)


def _draw_beard(canvas: skia.Canvas, identity: PresenterIdentity, face: Points) -> None:
    if identity.beard is Beard.NONE:
        return
    colour = shade(identity.hair, 0.92)
    above = [shifted(face[49], -13, 5), shifted(face[33], -9, 6), shifted(face[33], 9, 6), shifted(face[53], 13, 5)]
    moustache = curve(np.array(above), face[[53, 52, 51, 50, 49]], closed=True)
    if identity.beard is Beard.MOUSTACHE:
        canvas.drawPath(moustache, fill(colour))
        return
    mouth = face[48:60]
    inner = np.array(
        [
            shifted(face[54], 12, -8),
            shifted(face[35], 6, 9),
            shifted(face[33], 0, 5),
            shifted(face[31], -6, 9),
            shifted(face[48], -12, -8),
        ]
    )
    outline = curve(
        face[2:15], np.concatenate([[shifted(face[14], -10, 14)], inner, [shifted(face[2], 10, 14)]]), closed=True
    )
    gap = curve(mouth * 1.0, closed=True)
    alpha = 70 if identity.beard is Beard.STUBBLE else 255
    canvas.save()
    canvas.clipPath(gap, skia.ClipOp.kDifference, True)
    canvas.drawPath(outline, fill(colour, alpha))
    canvas.restore()

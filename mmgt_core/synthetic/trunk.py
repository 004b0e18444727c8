"""Clothes and arms: everything between neck and hands."""

from functools import partial

import numpy as np
import skia

from mmgt_core.keypoints import LEFT_HAND, RIGHT_HAND, Float32Array
from mmgt_core.synthetic.identity import Collar, Colour, Pattern, PresenterIdentity, shade
from mmgt_core.synthetic.parts import Material, Part, along
from mmgt_core.synthetic.shapes import Points, curve, fill, limb, line, shifted

_BELOW = 530.0
_STRIPE = 30.0
_SHOULDER_RADIUS, _ELBOW_RADIUS, _WRIST_RADIUS = 27.0, 21.0, 15.0
_SLEEVE_SHARE = 0.62
_FINGERS = ((17, 18, 19, 20), (13, 14, 15, 16), (9, 10, 11, 12), (5, 6, 7, 8), (1, 2, 3, 4))
"""From the little finger to the thumb."""

_PALM = [0, 1, 2, 5, 9, 13, 17]
_MIDDLE_KNUCKLE = 9
_FINGER_WIDTH = 0.155
"""Of the hand's length."""


def draw_trunk(canvas: skia.Canvas, identity: PresenterIdentity, body: Points) -> None:
    """The clothes on the trunk and the neck's lower end; body: (18, 2)."""
    outline = _outline(identity, body)
    canvas.drawPath(outline, fill(identity.clothes))
    _draw_pattern(canvas, identity, body, outline)
    canvas.drawPath(outline, line(shade(identity.clothes, 0.72), 2))


def draw_neck(canvas: skia.Canvas, identity: PresenterIdentity, body: Points, chin: Points) -> None:
    """Neck, its shadow under the chin, and the collar around it."""
    neck = body[1]
    half = identity.build.neck_width
    top = (shifted(chin, 0, -34), shifted(neck, 0, -40))
    skin = identity.skin
    opening = {Collar.V: 62, Collar.SHIRT: 40, Collar.ROUND: 22, Collar.HIGH: 4}[identity.collar]
    left, right = shifted(neck, -half * 1.28, -16), shifted(neck, half * 1.28, -16)
    low = shifted(neck, 0, opening)
    path = skia.Path()
    path.moveTo(*(shifted(top[0], -half, 0)).tolist())
    path.lineTo(*(shifted(top[0], half, 0)).tolist())
    path.quadTo(*(top[1] + (half, 8)).tolist(), *right.tolist())
    if identity.collar in (Collar.V, Collar.SHIRT):
        path.lineTo(*low.tolist())
        path.lineTo(*left.tolist())
    else:
        path.quadTo(*low.tolist(), *left.tolist())
    path.quadTo(*(top[1] + (-half, 8)).tolist(), *(shifted(top[0], -half, 0)).tolist())
    canvas.drawPath(path, fill(shade(skin, 0.93)))
    shadow = skia.Rect.MakeXYWH(chin[0] - half, chin[1] - 20, 2 * half, 40)
    canvas.save()
    canvas.clipPath(path, doAntiAlias=True)
    canvas.drawOval(shadow, fill(shade(skin, 0.74)))
    canvas.restore()
    _draw_collar(canvas, identity, left, right, low)


def arm_parts(identity: PresenterIdentity, keypoints: Float32Array) -> list[Part]:
    """Both arms and hands, before the trunk; keypoints: (134, 2)."""
    parts = []
    for shoulder, side, hand in ((2, -1, RIGHT_HAND), (5, 1, LEFT_HAND)):
        start, elbow, wrist = keypoints[shoulder : shoulder + 3]
        parts += _arm_parts(identity, shifted(start, -side * 10, 16), elbow, wrist)
        points = keypoints[hand]
        draw_hand = partial(_draw_hand, skin=identity.skin, points=points, length=identity.build.hand_length)
        parts.append(Part(Material.SKIN, along(points[0], points[_MIDDLE_KNUCKLE]), draw_hand))
    return parts


def _outline(identity: PresenterIdentity, body: Points) -> skia.Path:
    neck, right, left = body[1], body[2], body[5]
    half = identity.build.neck_width
    side = np.array(
        [
            shifted(neck, -half * 1.15, -22),
            shifted((neck + right) / 2, -4, -17),
            shifted(right, 4, -12),
            shifted(right, -15, 8),
            shifted(right, -10, 60),
            shifted(right, 2, 130),
            (body[8, 0] - 16, _BELOW),
        ]
    )
    axis = neck[0]
    other = side[::-1] * (-1, 1) + np.array([2 * axis, 0])
    other[-4:, 1] += left[1] - right[1]
    return curve(side, other, closed=True)


def _draw_pattern(canvas: skia.Canvas, identity: PresenterIdentity, body: Points, outline: skia.Path) -> None:
    if identity.pattern is Pattern.PLAIN:
        return
    x, y = body[1].tolist()
    paint = fill(identity.second_clothes)
    canvas.save()
    canvas.clipPath(outline, doAntiAlias=True)
    if identity.pattern is Pattern.YOKE:
        canvas.drawRect(skia.Rect.MakeLTRB(0, y + 62, 512, _BELOW), paint)
    elif identity.pattern is Pattern.HORIZONTAL_STRIPES:
        for top in np.arange(y + 14, _BELOW, 2 * _STRIPE).tolist():
            canvas.drawRect(skia.Rect.MakeLTRB(0, top, 512, top + _STRIPE * 0.8), paint)
    else:
        for left in np.arange(x - 6.5 * _STRIPE, x + 7 * _STRIPE, 2 * _STRIPE).tolist():
            canvas.drawRect(skia.Rect.MakeXYWH(left, 0, _STRIPE * 0.7, 540), paint)
    canvas.restore()


def _draw_collar(canvas: skia.Canvas, identity: PresenterIdentity, left: Points, right: Points, low: Points) -> None:
    edge = shade(identity.clothes, 0.7)
    if identity.collar is Collar.SHIRT:
        paint, outline = fill(shade(identity.second_clothes, 1.05)), line(edge, 1.5)
        for corner, side in ((left, -1), (right, 1)):
            points = (shifted(corner, 0, -6), low, shifted(low, side * 26, 10), shifted(corner, side * 10, 10))
            wing = skia.Path()
            wing.addPoly([skia.Point(*point.tolist()) for point in points], True)
            canvas.drawPath(wing, paint)
            canvas.drawPath(wing, outline)
    elif identity.collar is Collar.HIGH:
        band = skia.Rect.MakeLTRB(left[0] + 3, left[1] - 16, right[0] - 3, right[1] + 16)
        canvas.drawRoundRect(band, 10, 10, fill(shade(identity.clothes, 0.96)))
        canvas.drawLine(band.left() + 8, band.top(), band.right() - 8, band.top(), line(edge, 2.5))
        canvas.drawLine(band.left() + 2, band.bottom() - 6, band.right() - 2, band.bottom() - 6, line(edge, 2, 110))
    else:
        path = skia.Path()
        path.moveTo(*left.tolist())
        if identity.collar is Collar.V:
            path.lineTo(*low.tolist())
            path.lineTo(*right.tolist())
        else:
            path.quadTo(*low.tolist(), *right.tolist())
        canvas.drawPath(path, line(edge, 6))


def _arm_parts(identity: PresenterIdentity, start: Points, elbow: Points, wrist: Points) -> list[Part]:
    """Edges, upper arm, forearm, and the sleeve where it is short."""
    sleeve = shade(identity.clothes, 0.94)
    colour, material = (sleeve, Material.CLOTH) if identity.has_long_sleeves else (identity.skin, Material.SKIN)
    upper_arm = limb(start, elbow, _SHOULDER_RADIUS, _ELBOW_RADIUS)
    forearm = limb(elbow, wrist, _ELBOW_RADIUS, _WRIST_RADIUS)
    edge, inside = line(shade(colour, 0.76), 3), fill(colour)
    parts = [
        Part(Material.EDGE, along(start, elbow), partial(_draw_paths, paths=(upper_arm, forearm), paints=(edge,))),
        Part(material, along(start, elbow), partial(_draw_paths, paths=(upper_arm,), paints=(inside,))),
        Part(material, along(elbow, wrist), partial(_draw_paths, paths=(forearm,), paints=(inside,))),
    ]
    if not identity.has_long_sleeves:
        short = limb(start, start + (elbow - start) * _SLEEVE_SHARE, _SHOULDER_RADIUS, 25)
        paints = line(shade(sleeve, 0.68), 3), fill(sleeve)
        draw_sleeve = partial(_draw_paths, paths=(short,), paints=paints)
        parts.append(Part(Material.CLOTH, along(start, elbow), draw_sleeve))
    return parts


def _draw_paths(canvas: skia.Canvas, paths: tuple[skia.Path, ...], paints: tuple[skia.Paint, ...]) -> None:
    for paint in paints:
        for path in paths:
            canvas.drawPath(path, paint)


def _draw_hand(canvas: skia.Canvas, skin: Colour, points: Points, length: float) -> None:
    """A palm, then finger after finger, each with its edge, so that they can be told apart."""
    width = _FINGER_WIDTH * length
    inside, edge = line(skin, width), line(shade(skin, 0.62), width + 3.2)
    palm = skia.Path()
    palm.addPoly([skia.Point(*point.tolist()) for point in points[_PALM]], True)
    canvas.drawPath(palm, edge)
    canvas.drawPath(palm, inside)
    canvas.drawPath(palm, fill(skin))
    for finger in _FINGERS:
        path = skia.Path()
        path.addPoly([skia.Point(*point.tolist()) for point in points[list(finger)]], False)
        canvas.drawPath(path, edge)
        canvas.drawPath(path, inside)
    canvas.drawPath(palm, fill(skin))

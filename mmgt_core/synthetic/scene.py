"""What is behind the presenter, and the light on everything."""

import skia

from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.synthetic.identity import Light, PresenterIdentity, Scene, mix, shade
from mmgt_core.synthetic.shapes import fill, line


def draw_scene(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    """Fill the canvas with the background."""
    canvas.drawPaint(fill(identity.background))
    if identity.scene is Scene.GRADIENT:
        _gradient(canvas, identity)
    elif identity.scene is Scene.WINDOW:
        _window(canvas, identity)
    elif identity.scene is Scene.CIRCLES:
        _circles(canvas, identity)
    elif identity.scene is Scene.BOARD:
        _board(canvas, identity)


def light_paint(light: Light) -> skia.Paint:
    """A veil over the whole picture: darker away from the light, and as warm as it."""
    cold, warm = (30, 40, 90), (110, 60, 10)
    tint = mix(cold, warm, (light.warmth + 1) / 2)
    bright, dark = skia.Color(*tint, 14), skia.Color(*shade(tint, 0.3), int(255 * light.strength))
    ends = [skia.Point(0, 0), skia.Point(CANVAS_SIZE, CANVAS_SIZE * 0.35)]
    colours = [bright, dark] if light.side < 0 else [dark, bright]
    return skia.Paint(Shader=skia.GradientShader.MakeLinear(ends, colours))


def _gradient(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    ends = [skia.Point(CANVAS_SIZE * identity.scene_shift, 0), skia.Point(CANVAS_SIZE / 2, CANVAS_SIZE)]
    colours = [skia.Color(*identity.background), skia.Color(*identity.second_background)]
    canvas.drawPaint(skia.Paint(Shader=skia.GradientShader.MakeLinear(ends, colours)))


def _window(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    left = 20 + 300 * identity.scene_shift
    frame = skia.Rect.MakeXYWH(left, 40, 170, 230)
    canvas.drawRect(frame, fill(mix(identity.second_background, (226, 240, 250), 0.6)))
    wood = line(shade(identity.background, 0.6), 9)
    canvas.drawRect(frame, wood)
    canvas.drawLine(left + 85, 40, left + 85, 270, wood)
    canvas.drawLine(left, 150, left + 170, 150, wood)


def _circles(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    for index in range(5):
        x = (identity.scene_shift * 400 + index * 137) % CANVAS_SIZE
        y = (identity.scene_shift * 230 + index * 191) % CANVAS_SIZE
        canvas.drawCircle(x, y, 40 + 14 * index, fill(identity.second_background, 120))


def _board(canvas: skia.Canvas, identity: PresenterIdentity) -> None:
    """A wall whose lower part has another colour, and a picture on it."""
    edge = 300 + 80 * identity.scene_shift
    canvas.drawRect(skia.Rect.MakeLTRB(0, edge, CANVAS_SIZE, CANVAS_SIZE), fill(shade(identity.second_background, 0.8)))
    left = 30 + 330 * (1 - identity.scene_shift)
    canvas.drawRect(skia.Rect.MakeXYWH(left, 60, 110, 84), fill(shade(identity.background, 0.55)))
    canvas.drawRect(skia.Rect.MakeXYWH(left + 8, 68, 94, 68), fill(identity.second_background))

"""A drawn presenter as a photograph would show them: relief, skin, cloth, strands of hair, shadows, a blurred room.

Nobody is shown: it is the same drawing, part by part. Whatever is on a part moves along with it, as it would on a
person, so that a network that ends frames learns to carry it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import skia

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.synthetic.curves import Curve
from mmgt_core.synthetic.drawing import head_frames, presenter_parts
from mmgt_core.synthetic.identity import PresenterIdentity
from mmgt_core.synthetic.parts import Material, Part
from mmgt_core.synthetic.scene import draw_scene, light_paint
from mmgt_core.synthetic.textures import seamless_noise, textures
from mmgt_core.types import UInt8Array

_RELIEF_PX = {Material.SKIN: 14.0, Material.HAIR: 12.0, Material.CLOTH: 20.0}
"""How far from its edge a part still turns away from the viewer."""
_CASTS_SHADOW = (Material.SKIN, Material.CLOTH)
_SHADOW_PX = 9.0
_COLOURED_SHARE = 0.88
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class PhotographicLook:
    """How one photograph was taken, and of what.

    seed: of its textures. contrast: of each material's texture, deviation as a share of the colour. relief, shadow,
    rim: how dark sides, shadows and edges are, as shares. room_blur, lens_blur: deviations in px of the canvas.
    room_contrast: of uneven light in the room. room_things: that stand in it beside the scene's. colour: 1 as it is, 0
    black and white. gamma: below 1 is brighter.
    """

    seed: int
    contrast: dict[Material, float]
    relief: float
    rim: float
    shadow: float
    room_blur: float
    room_contrast: float
    room_things: int
    lens_blur: float
    colour: float
    gamma: float


def draw_look(seed: int) -> PhotographicLook:
    """Of a seed: always the same one."""
    rng = np.random.default_rng(seed)
    return PhotographicLook(
        seed=seed,
        contrast={
            Material.SKIN: float(rng.uniform(0.02, 0.08)),
            Material.HAIR: float(rng.uniform(0.1, 0.35)),
            Material.CLOTH: float(rng.uniform(0.03, 0.16)),
            Material.GLASS: 0.0,
            Material.EDGE: 0.0,
        },
        relief=float(rng.uniform(0.1, 0.45)),
        rim=float(rng.uniform(0.1, 0.4)),
        shadow=float(rng.uniform(0.1, 0.4)),
        room_blur=float(rng.uniform(0, 14)),
        room_contrast=float(rng.uniform(0.05, 0.3)),
        room_things=int(rng.integers(0, 13)),
        lens_blur=float(rng.uniform(0.6, 2.4)),
        colour=float(rng.uniform(0.4, 1.0)) if rng.random() < _COLOURED_SHARE else 0.0,
        gamma=float(rng.uniform(0.75, 1.3)),
    )


def draw_photographed(
    identity: PresenterIdentity, look: PhotographicLook, keypoints: Float32Array, size: int
) -> UInt8Array:
    """Draw poses as a photograph shows them, (N, 134, 3) on the 512 canvas: (N, size, size, 3) RGB."""
    scale = size / CANVAS_SIZE
    room = _room(identity, look, size)
    light = _drawn(size, lambda canvas: canvas.drawPaint(light_paint(identity.light)))
    surfaces = textures(look.seed)
    pictures = []
    for pose, head in zip(keypoints[..., :2], head_frames(identity.build, keypoints), strict=True):
        picture = room.copy()
        for part in presenter_parts(identity, pose, head):
            _put(picture, part, look, surfaces[part.material], identity.light.side, scale)
        _over(picture, light)
        pictures.append(_taken(picture, look, scale))
    return np.stack(pictures)


def _put(
    picture: Float32Array, part: Part, look: PhotographicLook, texture: Float32Array, side: float, scale: float
) -> None:
    """Lay a part over the picture, (S, S, 3), in place."""
    layer = _drawn(len(picture), part.draw)
    box = _box(layer[..., 3], round(4 * _SHADOW_PX * scale))
    if box is None:
        return
    layer, below = layer[box], picture[box]
    alpha = layer[..., 3:]
    if part.material in _CASTS_SHADOW:
        moved = np.array([[1, 0, -0.6 * side * _SHADOW_PX * scale], [0, 1, 0.6 * _SHADOW_PX * scale]])
        cast = cv2.warpAffine(alpha, moved, alpha.shape[1::-1])
        below *= 1 - look.shadow * cv2.GaussianBlur(cast, (0, 0), _SHADOW_PX * scale)[..., None]
    if part.material in _RELIEF_PX:
        layer[..., :3] *= _relief(alpha[..., 0], look, _RELIEF_PX[part.material] * scale, side)
        there = _on(part.place, scale, box)
        seen = cv2.warpAffine(texture, there, alpha.shape[1::-1], borderMode=cv2.BORDER_WRAP)
        layer[..., :3] *= np.maximum(0, 1 + look.contrast[part.material] * seen)[..., None]
    _over(below, layer)


def _relief(alpha: Float32Array, look: PhotographicLook, reach: float, side: float) -> Float32Array:
    """How light a part is, (h, w, 1): it bends away at its edges, lighter where it looks towards the light."""
    depth = cv2.GaussianBlur(alpha, (0, 0), reach)
    x, y = cv2.Sobel(depth, cv2.CV_32F, 1, 0), cv2.Sobel(depth, cv2.CV_32F, 0, 1)
    towards = (-side * x + y) * reach / 8
    return np.clip(1 + look.relief * towards - look.rim * np.clip(1.6 - 2 * depth, 0, 1), 0.2, 1.5)[..., None]


def _on(place: Curve, scale: float, box: tuple[slice, slice]) -> Curve:
    """From a texture's pixels to those of the box."""
    rows, columns = box
    matrix = scale * place
    matrix[:, 2] -= columns.start, rows.start
    return matrix


def _room(identity: PresenterIdentity, look: PhotographicLook, size: int) -> Float32Array:
    """What is behind, (S, S, 3) 0 to 1: the scene with more in it, out of focus."""
    rng, scale = np.random.default_rng([look.seed, 1]), size / CANVAS_SIZE
    drawn = _drawn(size, lambda canvas: _draw_room(canvas, identity, look.room_things, rng))[..., :3]
    seen = _blurred(drawn, look.room_blur * scale)
    unevenness = cv2.resize(seamless_noise(CANVAS_SIZE, rng, 2.0), (size, size), interpolation=cv2.INTER_AREA)
    return np.maximum(0, seen * (1 + look.room_contrast * unevenness[..., None])).astype(np.float32)


def _draw_room(canvas: skia.Canvas, identity: PresenterIdentity, num_things: int, rng: np.random.Generator) -> None:
    """The scene, and things in it, of its colours or the clothes' made lighter or darker."""
    draw_scene(canvas, identity)
    for _ in range(num_things):
        x, y, width, height = rng.uniform(-40, 500), rng.uniform(-40, 420), *rng.uniform(20, 180, 2)
        base = identity.background if rng.random() < 0.7 else identity.clothes
        colour = np.clip(np.multiply(base, rng.uniform(0.4, 1.6)) + rng.uniform(-20, 20, 3), 0, 255).astype(int)
        paint = skia.Paint(Color=skia.Color(*colour.tolist(), int(rng.uniform(120, 255))), AntiAlias=True)
        shape = skia.Rect.MakeXYWH(x, y, width, height)
        (canvas.drawRect if rng.random() < 0.6 else canvas.drawOval)(shape, paint)


def _taken(picture: Float32Array, look: PhotographicLook, scale: float) -> UInt8Array:
    """What a camera makes of light, (S, S, 3): its lens' blur, colours, brightness, and bytes."""
    blurred = _blurred(picture, look.lens_blur * scale)
    grey = (blurred @ _GREY)[..., None]
    coloured = grey + look.colour * (blurred - grey)
    return np.rint(255 * np.clip(coloured, 0, 1) ** look.gamma).astype(np.uint8)


def _blurred(picture: Float32Array, deviation: float) -> Float32Array:
    return cv2.GaussianBlur(picture, (0, 0), deviation) if deviation else picture


def _drawn(size: int, draw: Callable[[skia.Canvas], object]) -> Float32Array:
    """A drawing on glass, (S, S, 4): RGB times alpha, and alpha, 0 to 1; Skia fills arrays with RGB as it is."""
    pixels = np.zeros((size, size, 4), np.uint8)
    surface = skia.Surface(pixels)
    canvas = surface.getCanvas()
    canvas.scale(size / CANVAS_SIZE, size / CANVAS_SIZE)
    draw(canvas)
    drawn: Float32Array = pixels.astype(np.float32) / np.float32(255)
    drawn[..., :3] *= drawn[..., 3:]
    return drawn


def _over(below: Float32Array, layer: Float32Array) -> None:
    """Lay glass over a picture, in place."""
    below *= 1 - layer[..., 3:]
    below += layer[..., :3]


def _box(alpha: Float32Array, margin: int) -> tuple[slice, slice] | None:
    """Where something is, and a margin around it."""
    if not alpha.any():
        return None
    return _range(alpha.max(axis=1), margin), _range(alpha.max(axis=0), margin)


def _range(there: Float32Array, margin: int) -> slice:
    indices = np.flatnonzero(there)
    return slice(max(0, int(indices[0]) - margin), min(len(there), int(indices[-1]) + 1 + margin))

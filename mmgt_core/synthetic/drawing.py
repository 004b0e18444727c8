"""Draw presenters with Skia, from identity and keypoints, at any size."""

from collections.abc import Callable
from functools import partial

import numpy as np
import skia

from mmgt_core.keypoints import BODY, CANVAS_SIZE, FACE, Float32Array
from mmgt_core.synthetic.curves import Curve
from mmgt_core.synthetic.face_model import still_head
from mmgt_core.synthetic.hair import draw_back_hair, draw_front_hair
from mmgt_core.synthetic.head import draw_glasses, draw_head, skull_points
from mmgt_core.synthetic.identity import Build, PresenterIdentity
from mmgt_core.synthetic.parts import Material, Part, at
from mmgt_core.synthetic.scene import draw_scene, light_paint
from mmgt_core.synthetic.trunk import arm_parts, draw_neck, draw_trunk
from mmgt_core.types import UInt8Array

_HEAD_ANCHORS = (0, 1, 2, 14, 15, 16, 36, 39, 42, 45)
"""Face points that neither speech nor brows move: temples and the corners of the eyes."""

_CHIN = FACE.start + 8


def draw_presenter(identity: PresenterIdentity, keypoints: Float32Array, size: int) -> UInt8Array:
    """Draw poses, (N, 134, 3) on the 512 canvas: (N, size, size, 3) RGB."""
    pictures = np.zeros((len(keypoints), size, size, 4), np.uint8)
    scale = size / CANVAS_SIZE
    background = _background(identity, size)
    light = light_paint(identity.light)
    for picture, pose, head in zip(pictures, keypoints[..., :2], head_frames(identity.build, keypoints), strict=True):
        surface = skia.Surface(picture)  # a canvas does not keep its surface alive
        canvas = surface.getCanvas()
        canvas.drawImage(background, 0, 0)
        canvas.scale(scale, scale)
        for part in presenter_parts(identity, pose, head):
            part.draw(canvas)
        canvas.drawPaint(light)
    return pictures[..., :3].copy()


def presenter_parts(identity: PresenterIdentity, pose: Float32Array, head: Curve) -> list[Part]:
    """The person from back to front.

    Args:
        pose: (134, 2) on the 512 canvas.
        head: (2, 3), where the head's own coordinates are now; of `head_frames`.
    """
    body, hair_place = pose[BODY], _hair_place(identity.build, head)
    skull = skull_points(identity) @ head[:, :2].T + head[:, 2]
    return [
        Part(Material.HAIR, head, partial(_draw_hair, identity, hair_place, draw_back_hair)),
        Part(Material.CLOTH, at(body[1]), partial(draw_trunk, identity=identity, body=body)),
        Part(Material.SKIN, at(body[1]), partial(draw_neck, identity=identity, body=body, chin=pose[_CHIN])),
        Part(Material.SKIN, head, partial(draw_head, identity=identity, keypoints=pose, skull=skull)),
        Part(Material.HAIR, head, partial(_draw_hair, identity, hair_place, draw_front_hair)),
        Part(Material.GLASS, head, partial(draw_glasses, identity=identity, keypoints=pose)),
        *arm_parts(identity, pose),
    ]


def _draw_hair(
    identity: PresenterIdentity,
    place: skia.Matrix,
    draw: Callable[[skia.Canvas, PresenterIdentity], None],
    canvas: skia.Canvas,
) -> None:
    canvas.save()
    canvas.concat(place)
    draw(canvas, identity)
    canvas.restore()


def _background(identity: PresenterIdentity, size: int) -> skia.Image:
    pixels = np.zeros((size, size, 4), np.uint8)
    surface = skia.Surface(pixels)
    canvas = surface.getCanvas()
    canvas.scale(size / CANVAS_SIZE, size / CANVAS_SIZE)
    draw_scene(canvas, identity)
    return surface.makeImageSnapshot()


def head_frames(build: Build, keypoints: Float32Array) -> Curve:
    """The affine maps, (N, 2, 3), that carry the still head onto each pose's, by least squares over fixed points."""
    still = still_head(build)[list(_HEAD_ANCHORS)]
    moved = keypoints[:, FACE, :2][:, list(_HEAD_ANCHORS)].astype(np.float64)  # (N, P, 2)
    with_one = np.concatenate([still, np.ones((len(still), 1))], axis=1)
    return np.asarray(np.swapaxes(np.linalg.pinv(with_one) @ moved, 1, 2))


def _hair_place(build: Build, head: Curve) -> skia.Matrix:
    """The head's map, after stretching hair of usual size to this head's."""
    (a, b, x), (c, d, y) = (head * (build.head_width, build.head_height, 1)).tolist()
    return skia.Matrix.MakeAll(a, b, x, c, d, y, 0, 0, 1)

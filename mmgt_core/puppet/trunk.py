"""Trunk and head of the puppet: one cut-out that bends at the neck, with a face that speaks and blinks."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmgt_core.keypoints import FACE, NECK, SHOULDERS, Float32Array
from mmgt_core.puppet.affine import AffineFit, applied, looked_up, similarity
from mmgt_core.puppet.face_triangles import (
    FIXED_ON_HEAD,
    INNER_LIPS,
    LOWER_INNER_LIP,
    SUBPIXEL_BITS,
    UPPER_INNER_LIP,
    FaceMesh,
)
from mmgt_core.puppet.limbs import edge_px
from mmgt_core.puppet.skeleton import Bools
from mmgt_core.types import UInt8Array

CHIN = FACE.start + 8
HIPS = [8, 11]
_TOP = [NECK, *SHOULDERS]
_FIXED = FACE.start + FIXED_ON_HEAD
_LEAST_FACE_PX = 4.0
_MOUTH_INSIDE = np.array([60, 22, 24], np.float32)
_SHOWS_TEETH = 0.06
"""Of its width: a portrait's mouth that is as open has an inside of its own."""


@dataclass(frozen=True)
class Head:
    """mesh: of the face. fit: of the points that neither speech nor brows move."""

    mesh: FaceMesh
    fit: AffineFit

    @classmethod
    def of(cls, points: Float32Array) -> "Head":
        """Args: points: (134, 2) pixels of the portrait."""
        return cls(FaceMesh.of(points[FACE]), AffineFit.of(points[_FIXED]))


@dataclass(frozen=True)
class Trunk:
    """colours: (H, W, 4): RGB, where arms lay too; how much of a pixel is the person without arms. points, seen: of the
    portrait, (134, 2) and (134,). head: None where no face is seen."""

    colours: UInt8Array
    points: Float32Array
    seen: Bools
    head: Head | None

    def paint(self, canvas: Float32Array, points: Float32Array, seen: Bools) -> None:
        """Paint it in a frame's pose over what is there.

        Args:
            canvas: (H, W, 3), 0 to 255.
            points: (134, 2) of the frame. seen: (134,).
        """
        height, width = canvas.shape[:2]
        map_x, map_y = self._maps(points, seen & self.seen, height, width)
        found = cv2.remap(self.colours, map_x, map_y, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE)
        canvas += (found[..., 3:] * np.float32(1 / 255)) * (found[..., :3] - canvas)
        if self.head is not None and seen[FACE].all():
            _darken_mouth(canvas, points[FACE], self.points[FACE])

    def _maps(self, points: Float32Array, seen: Bools, height: int, width: int) -> tuple[Float32Array, Float32Array]:
        """Where in the portrait each pixel comes from, (H, W) each: by the trunk below the neck, by the head above."""
        trunk = self._trunk_map(points, seen)
        x, y = looked_up(trunk, height, width)
        if self.head is None or not seen[FACE].all():
            return x, y
        head = self.head.fit.to(points[_FIXED])
        head_x, head_y = looked_up(head, height, width)
        self.head.mesh.warp(self.head.mesh.moved(points[FACE], head), head_x, head_y)
        chin, neck = applied(head, self.points[CHIN]), applied(trunk, self.points[NECK])
        share = _head_share(chin, neck, height, width)
        return x + share * (head_x - x), y + share * (head_y - y)

    def _trunk_map(self, points: Float32Array, seen: Bools) -> Float32Array:
        """(2, 3) from portrait to frame: as shoulders and hips say; without hips, shoulders alone."""
        if not seen[_TOP].all():
            return np.eye(2, 3, dtype=np.float32)
        if not seen[HIPS].all():
            return similarity(self.points[_TOP], points[_TOP])
        return AffineFit.of(self.points[_TOP + HIPS]).to(points[_TOP + HIPS])


def shows_face(points: Float32Array, seen: Bools) -> bool:
    """Whether all of a face is seen, and large enough for triangles. Args: points: (134, 2). seen: (134,)."""
    return bool(seen[FACE].all() and np.ptp(points[FACE], axis=0).min() > _LEAST_FACE_PX)


def _darken_mouth(canvas: Float32Array, face: Float32Array, own: Float32Array) -> None:
    """Between lips that part further than the portrait's, something dark: stretched lips would be all that is there."""
    gap, own_gap = (float(np.hypot(*(at[LOWER_INNER_LIP] - at[UPPER_INNER_LIP]))) for at in (face, own))
    own_width = float(np.hypot(*(own[INNER_LIPS][4] - own[INNER_LIPS][0])))
    parted = min(1.0, (gap - own_gap) / edge_px(len(canvas)))
    if parted <= 0 or own_gap > _SHOWS_TEETH * own_width:
        return
    mouth = np.zeros(canvas.shape[:2], np.uint8)
    corners = np.rint(face[INNER_LIPS] * 2**SUBPIXEL_BITS).astype(np.int32)
    cv2.fillPoly(mouth, [corners], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    x, y, width, height = cv2.boundingRect(mouth)
    inside = canvas[y : y + height, x : x + width]
    share = mouth[y : y + height, x : x + width, None] * np.float32(parted / 255)
    inside += share * (_MOUTH_INSIDE - inside)


def _head_share(chin: Float32Array, neck: Float32Array, height: int, width: int) -> Float32Array:
    """1 from a resting chin upwards, 0 from the neck's lower end downwards, smooth between: (H, W)."""
    axis = (chin - neck) / max(float(np.square(chin - neck).sum()), 1.0)
    columns, rows = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    run = np.clip((columns - neck[0]) * axis[0] + (rows - neck[1]) * axis[1], 0, 1)
    return np.asarray(run * run * (3 - 2 * run), np.float32)

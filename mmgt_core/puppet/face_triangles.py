"""Lips, jaw and eyelids moved by triangles between the 68 face points: chosen once, warped frame by frame."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay

from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.affine import applied

FIXED_ON_HEAD = np.array([0, 1, 2, 14, 15, 16, 36, 39, 42, 45])
"""Of the 68: temples and the corners of the eyes, which neither speech nor brows move."""

_JAW, _BROWS, _UNDER_NOSE = slice(0, 17), slice(17, 27), 33
_RING, _FOREHEAD = 1.3, 0.7
"""How far out lies what does not move with the face: of the jaw's distance from its middle, of brows' from the nose."""
INNER_LIPS, UPPER_INNER_LIP, LOWER_INNER_LIP = slice(60, 68), 62, 66
_INNER_TO_OUTER = ((61, 50), (62, 51), (63, 52), (65, 56), (66, 57), (67, 58))
_LID_TO_BROW = ((37, 19), (38, 19), (43, 24), (44, 24))
_PARTED = ((_INNER_TO_OUTER, 0.25), (_LID_TO_BROW, 0.1))
"""Shut lips and lids lie on each other: before triangles are chosen, each first point goes this share of the way to the
second, so that they can part."""
SUBPIXEL_BITS = 4
_LEAST_AREA = 0.05
"""Square pixels; a smaller triangle covers no pixel, and its map would not be finite."""


@dataclass(frozen=True)
class FaceMesh:
    """Triangles of a portrait's face. points: (95, 2) pixels: 68, then a ring that the head alone moves. triangles:
    (T, 3)."""

    points: Float32Array
    triangles: npt.NDArray[np.int64]

    @classmethod
    def of(cls, face: Float32Array) -> "FaceMesh":
        """Args: face: (68, 2) pixels of the portrait."""
        ring = np.concatenate([_beyond_jaw(face), _above_brows(face)])
        whole = np.concatenate([face, ring]).astype(np.float32)
        opened = whole.astype(np.float64)
        for pairs, share in _PARTED:
            for point, towards in pairs:
                opened[point] += share * (opened[towards] - opened[point])
        return cls(whole, Delaunay(opened).simplices.astype(np.int64))

    def moved(self, face: Float32Array, head: Float32Array) -> Float32Array:
        """Where its points are in a frame, (95, 2). Args: face: (68, 2) there. head: (2, 3), from portrait to frame."""
        return np.concatenate([face, applied(head, self.points[len(face) :])])

    def warp(self, moved: Float32Array, map_x: Float32Array, map_y: Float32Array) -> None:
        """Write into maps, (H, W) each, where in the portrait the pixels of a moved mesh come from."""
        targets, sources = moved[self.triangles], self.points[self.triangles]  # (T, 3, 2)
        maps, is_flat = _affine_maps(targets, sources)
        x0, y0 = np.maximum(np.floor(moved.min(axis=0)).astype(int), 0).tolist()
        x1, y1 = np.maximum(np.ceil(moved.max(axis=0)).astype(int) + 1, 0).tolist()
        box = map_x[y0:y1, x0:x1]
        if not box.size:
            return
        chosen = np.full(box.shape, -1, np.int32)
        corners = np.rint((targets - (x0, y0)) * 2**SUBPIXEL_BITS).astype(np.int32)
        for index in np.flatnonzero(~is_flat).tolist():
            cv2.fillConvexPoly(chosen, corners[index], index, cv2.LINE_8, SUBPIXEL_BITS)
        rows, columns = np.nonzero(chosen >= 0)
        at = maps[chosen[rows, columns]]  # (P, 2, 3)
        x, y = (columns + x0).astype(np.float32), (rows + y0).astype(np.float32)
        box[rows, columns] = at[:, 0, 0] * x + at[:, 0, 1] * y + at[:, 0, 2]
        map_y[y0:y1, x0:x1][rows, columns] = at[:, 1, 0] * x + at[:, 1, 1] * y + at[:, 1, 2]


def _beyond_jaw(face: Float32Array) -> Float32Array:
    middle = face[FIXED_ON_HEAD].mean(axis=0)
    return np.asarray(middle + _RING * (face[_JAW] - middle))


def _above_brows(face: Float32Array) -> Float32Array:
    up = face[_BROWS].mean(axis=0) - face[_UNDER_NOSE]
    return np.asarray(face[_BROWS] + _FOREHEAD * up)


def _affine_maps(targets: Float32Array, sources: Float32Array) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """Of each triangle the map back into the portrait, (T, 2, 3), and whether it is too flat to have one."""
    (ax, ay), (bx, by) = (targets[:, 1] - targets[:, 0]).T, (targets[:, 2] - targets[:, 0]).T
    area = ax * by - ay * bx  # twice the triangle's, with its sign
    is_flat = np.abs(area) < 2 * _LEAST_AREA
    safe = np.where(is_flat, np.float32(1), area)
    inverse = np.stack([np.stack([by, -bx], -1), np.stack([-ay, ax], -1)], axis=1) / safe[:, None, None]  # (T, 2, 2)
    edges = np.stack([sources[:, 1] - sources[:, 0], sources[:, 2] - sources[:, 0]], axis=-1)  # (T, 2, 2)
    linear = edges @ inverse
    shift = sources[:, 0] - np.einsum("tij,tj->ti", linear, targets[:, 0])
    return np.concatenate([linear, shift[..., None]], axis=-1).astype(np.float32), is_flat

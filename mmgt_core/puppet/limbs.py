"""One limb of the puppet: colours beside its bones in the portrait, painted beside the bones of a frame."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.skeleton import Bones, Bools, Part, beside, bone_places
from mmgt_core.types import UInt8Array

_EDGE_SHARE = 1 / 128
_NEAR_PX = np.float32(0.5)
"""Pixels nearer than that to two bones belong to both alike."""


def edge_px(side: int) -> float:
    """Over how many pixels a limb ends, in a picture of that side."""
    return max(1.0, side * _EDGE_SHARE)


@dataclass(frozen=True)
class Limb:
    """A part as a portrait shows it.

    part: whose bones it follows in a frame. size: in pixels of the portrait. bones: in the portrait. colours:
    (H, W, 4): RGB of the limb and, beyond it, of its nearest pixel; how much of a pixel is the person. is_mirrored: the
    bones are the other side's, which the portrait shows.
    """

    part: Part
    size: float
    bones: Bones
    colours: UInt8Array
    is_mirrored: bool

    def paint(self, canvas: Float32Array, points: Float32Array, seen: Bools) -> None:
        """Paint it where a frame has its bones, over what is there; nothing where these are not seen.

        Nearer bones win, by the cube of their distance: sharp enough for fingers, smooth across the palm.

        Args:
            canvas: (H, W, 3), 0 to 255.
            points: (134, 2) of the frame. seen: (134,).
        """
        if not self.part.is_seen(seen):
            return
        bones = self.part.bones(points, self.size)
        x0, y0, x1, y1 = _box(bones, edge_px(canvas.shape[0]), canvas)
        if x0 >= x1 or y0 >= y1:
            return
        shape = y1 - y0, x1 - x0
        columns = np.tile(np.arange(x0, x1, dtype=np.float32), shape[0])
        places = bone_places(bones, columns, np.repeat(np.arange(y0, y1, dtype=np.float32), shape[1]))
        nearness = 1 / (np.sqrt(places.past * places.past + places.across * places.across) + _NEAR_PX)
        shares = nearness * nearness * nearness
        if self.is_mirrored:
            places = replace(places, across=-places.across)
        x, y = ((shares * there).sum(axis=0) / shares.sum(axis=0) for there in beside(self.bones, places))
        found = cv2.remap(
            self.colours, x.reshape(shape), y.reshape(shape), cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        cover = np.clip(np.float32(0.5) - places.outside.min(axis=0) / np.float32(edge_px(canvas.shape[0])), 0, 1)
        share = cover.reshape(shape) * found[..., 3] * np.float32(1 / 255)
        below = canvas[y0:y1, x0:x1]
        below += share[..., None] * (found[..., :3] - below)


def _box(bones: Bones, edge: float, canvas: Float32Array) -> tuple[int, int, int, int]:
    """The pixels that a limb can reach: x0, y0, x1, y1."""
    reach = float(bones.radii.max()) + edge
    ends = np.concatenate([bones.starts, bones.ends])
    low = np.maximum(np.floor(ends.min(axis=0) - reach), 0)
    high = np.minimum(np.ceil(ends.max(axis=0) + reach) + 1, canvas.shape[1::-1])
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])

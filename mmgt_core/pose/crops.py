"""Rotated square cut-outs of a picture, and the way back of points found in them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array


@dataclass(frozen=True)
class Region:
    """A square in a picture's pixels: its centre, its side, and by how many radians it is turned clockwise."""

    x: float
    y: float
    side: float
    angle: float = 0.0

    def cut(self, image: UInt8Array, size: int) -> Float32Array:
        """Turn the region upright and scale it to (size, size, 3) float32 in 0..1; borders are replicated.

        Replicated, since black borders move the networks' points by 5 % of the picture's width.
        """
        to_crop = cv2.invertAffineTransform(self._to_image(size))
        pixels = cv2.warpAffine(image, to_crop, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return pixels.astype(np.float32) / 255

    def to_image(self, points: npt.NDArray[np.floating]) -> Float32Array:
        """Map (n, 2) points, as fractions of the region, into the picture's pixels."""
        matrix = self._to_image(1)
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)

    def _to_image(self, size: int) -> Float32Array:
        cosine, sine = np.cos(self.angle) * self.side, np.sin(self.angle) * self.side
        axes = np.array([[cosine, -sine], [sine, cosine]]) / size
        corner = np.array([self.x, self.y]) - axes @ np.array([size, size]) / 2
        return np.concatenate([axes, corner[:, None]], axis=1).astype(np.float32)


def angle_up(lower: npt.NDArray[np.floating], upper: npt.NDArray[np.floating]) -> float:
    """By how many radians clockwise a picture's "up" must turn to point from one point to the other."""
    across, down = upper - lower
    return float(np.arctan2(across, -down))


def angle_across(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> float:
    """By how many radians clockwise a picture's "right" must turn to point from one point to the other."""
    across, down = right - left
    return float(np.arctan2(down, across))


def region_of(points: npt.NDArray[np.floating], angle: float, scale: float) -> Region:
    """The square around (n, 2) points in axes turned by `angle`, `scale` times as wide as their longer extent."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = points @ turn
    lowest, highest = turned.min(axis=0), turned.max(axis=0)
    centre = turn @ ((lowest + highest) / 2)
    return Region(float(centre[0]), float(centre[1]), float((highest - lowest).max()) * scale, angle)

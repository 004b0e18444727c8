"""Maps between a portrait and a frame that carry some points nearest to where they are now; (2, 3) each."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array


@dataclass(frozen=True)
class AffineFit:
    """From fixed points of a portrait; what costs is done once. solver: (3, N)."""

    solver: Float32Array

    @classmethod
    def of(cls, points: Float32Array) -> "AffineFit":
        """Args: points: (N, 2), three or more."""
        with_one = np.concatenate([points, np.ones((len(points), 1), np.float32)], axis=1)
        return cls(np.linalg.pinv(with_one.astype(np.float64)).astype(np.float32))

    def to(self, points: Float32Array) -> Float32Array:
        """The map to where they are now. Args: points: (N, 2)."""
        return np.asarray((self.solver @ points).T)


def similarity(source: Float32Array, target: Float32Array) -> Float32Array:
    """Turn, scale and shift only, for two points or more, (N, 2) each."""
    here, there = source - source.mean(axis=0), target - target.mean(axis=0)
    norm = max(float(np.square(here).sum()), 1e-6)
    along = float((here * there).sum()) / norm
    across = float((here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0]).sum()) / norm
    turn = np.array([[along, -across], [across, along]], np.float32)
    return np.concatenate([turn, (target.mean(axis=0) - turn @ source.mean(axis=0))[:, None]], axis=1)


def applied(matrix: Float32Array, points: Float32Array) -> Float32Array:
    """Args: points: (…, 2)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def looked_up(matrix: Float32Array, height: int, width: int) -> tuple[Float32Array, Float32Array]:
    """Where in the portrait each pixel of a frame comes from: x and y, (H, W) each."""
    (a, b, x), (c, d, y) = cv2.invertAffineTransform(matrix).astype(np.float32)
    columns, rows = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    return a * columns + (b * rows + x), c * columns + (d * rows + y)

"""Decoding of the small single-shot detectors: a grid of anchors becomes boxes and a few points each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from mmgt_core.keypoints import Float32Array
from mmgt_core.pose.yolox import overlaps, suppress_overlaps

_MIN_SCORE = 0.3
"""Low, so that the smaller of two people is not missed; the landmark networks then say what is nobody."""
_OVERLAP = 0.3
_ANCHORS_PER_LAYER = 2


@dataclass(frozen=True)
class Detections:
    """boxes: (n, 4) x0, y0, x1, y1 and points: (n, p, 2), as fractions of the input; scores: (n,) in [0, 1]."""

    boxes: Float32Array
    points: Float32Array
    scores: Float32Array


def decode_detections(values: Float32Array, logits: Float32Array, strides: Sequence[int], size: int) -> Detections:
    """Turn a detector's outputs into what it found, the surest first.

    Args:
        values: (anchors, 4 + 2 p): centre, size, then p points, in input pixels, relative to the anchor.
        logits: (anchors, 1).
        strides: of each layer; a repeated one puts more anchors at the same place.
        size: of the input image in pixels.
    """
    scores = expit(logits[:, 0])
    is_found = scores > _MIN_SCORE
    anchors, values, scores = _anchors(strides, size)[is_found], values[is_found] / size, scores[is_found]
    centres, sizes = values[:, :2] + anchors, values[:, 2:4]
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    points = values[:, 4:].reshape(len(values), values.shape[1] // 2 - 2, 2) + anchors[:, None]
    kept = suppress_overlaps(boxes, scores, _OVERLAP, pixel=0.0)
    blended = [_blended(boxes, points, scores, index) for index in kept]
    return Detections(boxes[kept], np.array(blended).reshape(len(kept), *points.shape[1:]), scores[kept])


def _blended(boxes: Float32Array, points: Float32Array, scores: Float32Array, index: int) -> Float32Array:
    """(p, 2) mean of the points of all that overlap the box, weighted by score: steadier than the surest's own."""
    weights = scores * (overlaps(boxes[index], boxes, pixel=0.0) > _OVERLAP)
    return np.average(points, axis=0, weights=weights).astype(np.float32)


def _anchors(strides: Sequence[int], size: int) -> Float32Array:
    """(anchors, 2) centres as fractions of the input; layers of one stride share their cells."""
    layers = []
    for stride in dict.fromkeys(strides):
        cells = size // stride
        rows, columns = np.divmod(np.arange(cells * cells), cells)
        centres = (np.stack([columns, rows], axis=1) + 0.5) / cells
        layers.append(np.repeat(centres, _ANCHORS_PER_LAYER * strides.count(stride), axis=0))
    return np.concatenate(layers).astype(np.float32)

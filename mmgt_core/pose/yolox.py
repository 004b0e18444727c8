"""The arithmetic around the YOLOX person detector: picture to network input, network output to boxes (spec §1)."""

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

_INPUT_SIZE = 640
_STRIDES = (8, 16, 32)
_PAD_VALUE = 114
_PERSON = 0
_CANDIDATE_SCORE = 0.1
_PERSON_SCORE = 0.3
_NMS_OVERLAP = 0.45


def detector_input(image_bgr: UInt8Array) -> tuple[Float32Array, float]:
    """Shrink or enlarge a picture into the top left corner of the network's square, the rest grey.

    Args:
        image_bgr: (H, W, 3) uint8.

    Returns:
        (1, 3, 640, 640) float32 in 0..255, and the factor from the picture's pixels to the square's.
    """
    height, width = image_bgr.shape[:2]
    ratio = min(_INPUT_SIZE / height, _INPUT_SIZE / width)
    new_height, new_width = int(height * ratio), int(width * ratio)
    square = np.full((_INPUT_SIZE, _INPUT_SIZE, 3), _PAD_VALUE, dtype=np.uint8)
    square[:new_height, :new_width] = cv2.resize(image_bgr, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32), ratio


def person_boxes(predictions: Float32Array, ratio: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Decode the network's grid, drop overlaps, keep the persons.

    Args:
        predictions: (1, 8400, 85) float32: box in cells, objectness, 80 class scores.
        ratio: of `detector_input`.

    Returns:
        (people, 4) boxes x0, y0, x1, y1 in the picture's pixels and (people,) scores, both float64, the surest first.
    """
    centres, sizes = _decode(predictions[0])
    half = sizes / np.float32(2)
    boxes = np.concatenate([centres - half, centres + half], axis=1) / np.float32(ratio)
    scores = predictions[0, :, 4] * predictions[0, :, 5 + _PERSON]

    is_candidate = scores > _CANDIDATE_SCORE
    boxes, scores = boxes[is_candidate], scores[is_candidate]
    kept = suppress_overlaps(boxes, scores, _NMS_OVERLAP, pixel=1.0)
    kept_boxes, kept_scores = boxes[kept].astype(np.float64), scores[kept].astype(np.float64)
    is_person = kept_scores > _PERSON_SCORE
    return kept_boxes[is_person], kept_scores[is_person]


def suppress_overlaps(
    boxes: npt.NDArray[np.floating], scores: npt.NDArray[np.floating], overlap: float, pixel: float
) -> list[int]:
    """Greedy non-maximum suppression.

    Args:
        boxes: (n, 4) x0, y0, x1, y1.
        scores: (n,).
        overlap: intersection over union above which the less sure box goes.
        pixel: added to each side before areas are taken; 1 counts pixels inclusively.

    Returns:
        Indices of the boxes that stay, the surest first.
    """
    order = scores.argsort()[::-1]
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[overlaps(boxes[best], boxes[rest], pixel) <= overlap]
    return kept


def overlaps(box: npt.NDArray[np.floating], others: npt.NDArray[np.floating], pixel: float) -> npt.NDArray[np.floating]:
    """Intersection over union of a box (4,) with others (n, 4), x0, y0, x1, y1; `pixel` is added to each side."""
    lowest, highest = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.maximum(0.0, highest - lowest + pixel).prod(axis=1)
    area, areas = (box[2:] - box[:2] + pixel).prod(), (others[:, 2:] - others[:, :2] + pixel).prod(axis=1)
    return shared / (area + areas - shared)


def _decode(rows: Float32Array) -> tuple[Float32Array, Float32Array]:
    corners, strides = _grid()
    centres = ((rows[:, :2] + corners) * strides).astype(np.float32)
    sizes = (np.exp(rows[:, 2:4]) * strides).astype(np.float32)
    return centres, sizes


def _grid() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each cell's column and row (8400, 2), and its stride (8400, 1); int64, so that decoding runs in float64."""
    corners, strides = [], []
    for stride in _STRIDES:
        cells = _INPUT_SIZE // stride
        rows, columns = np.divmod(np.arange(cells * cells, dtype=np.int64), cells)
        corners.append(np.stack([columns, rows], axis=1))
        strides.append(np.full((cells * cells, 1), stride, dtype=np.int64))
    return np.concatenate(corners), np.concatenate(strides)

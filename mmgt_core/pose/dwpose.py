"""DWPose: 134 keypoints of each person from the two published ONNX networks (spec §1, "Initial pose")."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile

from mmgt_core.errors import WeightsError
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array, from_coco_wholebody
from mmgt_core.pose.detector import DetectedPerson, largest_first
from mmgt_core.pose.yolox import detector_input, person_boxes
from mmgt_core.types import UInt8Array

_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")

RunDetector = Callable[[Float32Array], Float32Array]
"""(1, 3, 640, 640) to (1, 8400, 85)."""
RunPose = Callable[[Float32Array], tuple[Float32Array, Float32Array]]
"""(1, 3, 384, 288) to (1, 133, 576) and (1, 133, 768)."""

Float64Array = npt.NDArray[np.float64]

_SIDE_MULTIPLE = 64
_POSE_WIDTH, _POSE_HEIGHT = 288, 384
_BOX_PADDING = 1.25
_BINS_PER_PIXEL = 2
_MEAN = np.array([123.675, 116.28, 103.53])
_STD = np.array([58.395, 57.12, 57.375])
"""Of red, green, blue, yet applied to blue, green, red: the networks of the published pipeline were used so."""


class DWPoseDetector:
    """`WholeBodyDetector` on onnxruntime."""

    def __init__(self, yolox_path: Path, pose_path: Path, providers: Sequence[str]) -> None:
        """Args: yolox_path, pose_path: the ONNX files. providers: onnxruntime's, e.g. CPUExecutionProvider.

        Raises:
            WeightsError: a file is absent or no ONNX network.
        """
        self._yolox = _open_session(yolox_path, providers)
        self._pose = _open_session(pose_path, providers)

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the people in it, the largest first; none is an empty list."""
        resized = resize_for_dwpose(image)
        boxes, scores = _find_boxes(resized, self._run_detector)
        keypoints = _estimate(resized, boxes, self._run_pose)
        to_image = np.array([image.shape[1] / resized.shape[1], image.shape[0] / resized.shape[0]])
        keypoints[:, :, :2] = (keypoints[:, :, :2] + 0.5) * to_image - 0.5
        keypoints[:, :, 2] = keypoints[:, :, 2].clip(0, 1)
        boxes = boxes * np.tile(to_image, 2)
        people = [
            DetectedPerson(points.astype(np.float32), (box[0], box[1], box[2], box[3]), float(score))
            for points, box, score in zip(keypoints, boxes.tolist(), scores, strict=True)
        ]
        return largest_first(people)

    def _run_detector(self, pixels: Float32Array) -> Float32Array:
        return _run(self._yolox, pixels)[0]

    def _run_pose(self, pixels: Float32Array) -> tuple[Float32Array, Float32Array]:
        simcc_x, simcc_y = _run(self._pose, pixels)
        return simcc_x, simcc_y


def dwpose_keypoints(image_rgb: UInt8Array, run_detector: RunDetector, run_pose: RunPose) -> Float64Array:
    """The published pipeline's keypoints; where it sees nobody, the whole picture is taken for one person.

    Args:
        image_rgb: (H, W, 3) uint8.
        run_detector: YOLOX.
        run_pose: the SimCC pose network, called once for each person, the surest first.

    Returns:
        (people, 134, 3) float64, in pixels of the picture as `resize_for_dwpose` makes it.
    """
    resized = resize_for_dwpose(image_rgb)
    boxes, _ = _find_boxes(resized, run_detector)
    if not len(boxes):
        boxes = np.array([[0.0, 0.0, resized.shape[1], resized.shape[0]]])
    return _estimate(resized, boxes, run_pose)


def resize_for_dwpose(image_rgb: UInt8Array) -> UInt8Array:
    """(H, W, 3) RGB to BGR whose short side is 512 and whose sides are multiples of 64."""
    height, width = image_rgb.shape[:2]
    scale = CANVAS_SIZE / min(height, width)
    new_height, new_width = (int(np.round(side * scale / _SIDE_MULTIPLE)) * _SIDE_MULTIPLE for side in (height, width))
    method = cv2.INTER_LANCZOS4 if scale > 1 else cv2.INTER_AREA
    image_bgr = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)
    return cv2.resize(image_bgr, (new_width, new_height), interpolation=method)


def _find_boxes(image_bgr: UInt8Array, run_detector: RunDetector) -> tuple[Float64Array, Float64Array]:
    pixels, ratio = detector_input(image_bgr)
    return person_boxes(run_detector(pixels), ratio)


def _estimate(image_bgr: UInt8Array, boxes: Float64Array, run_pose: RunPose) -> Float64Array:
    people = np.empty((len(boxes), 133, 3))
    for person, box in zip(people, boxes, strict=True):
        centre, size = _region(box)
        simcc_x, simcc_y = run_pose(_pose_input(image_bgr, centre, size))
        points, scores = _simcc_maxima(simcc_x[0], simcc_y[0])
        person[:, :2] = points / (_POSE_WIDTH, _POSE_HEIGHT) * size + centre - size / 2
        person[:, 2] = scores
    return from_coco_wholebody(people).astype(np.float64, copy=False)


def _region(box: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Centre and size of what the pose network sees: the padded box, widened or heightened to its aspect."""
    centre = (box[:2] + box[2:]) * 0.5
    width, height = (box[2:] - box[:2]) * _BOX_PADDING
    aspect = _POSE_WIDTH / _POSE_HEIGHT
    if width > height * aspect:
        return centre, np.array([width, width / aspect])
    return centre, np.array([height * aspect, height])


def _pose_input(image_bgr: UInt8Array, centre: Float64Array, size: Float64Array) -> Float32Array:
    """The region as (1, 3, 384, 288) float32, normalised."""
    half = size[0] * 0.5
    source = [centre, centre - np.array([0, half]), centre - half]
    middle_x, middle_y = _POSE_WIDTH * 0.5, _POSE_HEIGHT * 0.5
    target = [(middle_x, middle_y), (middle_x, middle_y - middle_x), (0.0, middle_y - middle_x)]
    matrix = cv2.getAffineTransform(np.array(source, dtype=np.float32), np.array(target, dtype=np.float32))
    pixels = cv2.warpAffine(image_bgr, matrix, (_POSE_WIDTH, _POSE_HEIGHT), flags=cv2.INTER_LINEAR)
    return ((pixels - _MEAN) / _STD).transpose(2, 0, 1)[None].astype(np.float32)


def _simcc_maxima(simcc_x: Float32Array, simcc_y: Float32Array) -> tuple[Float32Array, Float32Array]:
    """(133, 576) and (133, 768) to points (133, 2) in input pixels, -0.5 where nothing is seen, and scores (133,)."""
    bins = np.stack([simcc_x.argmax(axis=1), simcc_y.argmax(axis=1)], axis=1).astype(np.float32)
    scores = np.minimum(simcc_x.max(axis=1), simcc_y.max(axis=1))
    bins[scores <= 0] = -1
    return bins / np.float32(_BINS_PER_PIXEL), scores


def onnxruntime_providers() -> list[str]:
    """What this machine's onnxruntime can compute on, the fastest first."""
    return [name for name in onnxruntime.get_available_providers() if name in _PROVIDERS]


def _open_session(path: Path, providers: Sequence[str]) -> Any:  # noqa: ANN401 - onnxruntime has no types
    try:
        return onnxruntime.InferenceSession(str(path), providers=list(providers))
    except NoSuchFile as error:
        raise WeightsError(f"{path} is absent; fetch it with `mmgt weights pull`") from error
    except (InvalidProtobuf, InvalidGraph, InvalidArgument, Fail) as error:
        raise WeightsError(f"{path} is not an ONNX network that can be run") from error


def _run(session: Any, pixels: Float32Array) -> list[Float32Array]:  # noqa: ANN401 - onnxruntime has no types
    return session.run(None, {session.get_inputs()[0].name: pixels})

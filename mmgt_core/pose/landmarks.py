"""The default whole-body detector: small networks that an installed package carries, so that nothing is downloaded."""

from dataclasses import replace

import cv2
import numpy as np
from scipy.special import expit

from mmgt_core.keypoints import Float32Array, from_coco_wholebody
from mmgt_core.pose.crops import Region, angle_up
from mmgt_core.pose.detector import VISIBLE, DetectedPerson, largest_first
from mmgt_core.pose.face_landmarks import FaceLandmarks
from mmgt_core.pose.hand_landmarks import HandLandmarks
from mmgt_core.pose.litert import carried_network
from mmgt_core.pose.ssd import decode_detections
from mmgt_core.pose.yolox import suppress_overlaps
from mmgt_core.types import UInt8Array

_LONGEST_SIDE_PX = 1280
"""Larger pictures are shrunk first: the networks see at most 256 pixels, and sampling so few of many flickers."""

_DETECTION_STRIDES = (8, 16, 32, 32, 32)
_HIPS, _CIRCLE = 0, 1
_BODY_SCALES = (1.125, 1.25, 1.375)
"""The mean over three regions halves the restlessness of shoulders and arms (1.2 % of the width with one)."""
_MIN_PRESENCE = 0.5
_SAME_PERSON_OVERLAP = 0.5
_NUM_LANDMARKS = 33
_VISIBILITY = 3
_COCO_BODY = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
_COCO_FEET = (31, 31, 29, 32, 32, 30)
_COCO_NOSE, _COCO_LEFT_EYE, _COCO_RIGHT_EYE, _COCO_LEFT_WRIST, _COCO_RIGHT_WRIST = 0, 1, 2, 9, 10
_FACE_NOSE_TIP, _FACE_RIGHT_EYE, _FACE_LEFT_EYE, _HAND_WRIST = 30, slice(36, 42), slice(42, 48), 0


class LandmarkDetector:
    """`WholeBodyDetector` on LiteRT: where people are, their bodies, then each one's face and hands."""

    def __init__(self) -> None:
        """Raises: WeightsError: the package that carries the networks is absent."""
        self._people = carried_network("pose_detection/pose_detection")
        self._body = carried_network("pose_landmark/pose_landmark_full")
        self._face = FaceLandmarks()
        self._hands = HandLandmarks()

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Args: image: (H, W, 3) uint8 RGB. Returns: the people in it, the largest first; none is an empty list."""
        small, scale = _shrunk(image)
        people = []
        for region, score in self._find_bodies(small):
            body, presence = self._run_body(small, region)
            if presence < _MIN_PRESENCE:
                continue
            points = _hidden_outside(self._whole_body(small, body), small)
            points[:, :2] = (points[:, :2] + 0.5) * scale - 0.5
            keypoints = from_coco_wholebody(points[None])[0].astype(np.float32)
            if (keypoints[:, 2] > VISIBLE).any():
                people.append(DetectedPerson(keypoints, _box(keypoints), score * presence))
        return largest_first(_each_once(people))

    def _find_bodies(self, image: UInt8Array) -> list[tuple[Region, float]]:
        height, width = image.shape[:2]
        size = self._people.input_size
        whole = Region(width / 2, height / 2, max(height, width))
        outputs = self._people.run(whole.cut(image, size) * 2 - 1)
        found = decode_detections(outputs["Identity"], outputs["Identity_1"], _DETECTION_STRIDES, size)
        regions = []
        for points, score in zip(found.points, found.scores, strict=True):
            hips, circle = whole.to_image(points[[_HIPS, _CIRCLE]])
            side = 2 * float(np.linalg.norm(circle - hips))
            regions.append((Region(float(hips[0]), float(hips[1]), side, angle_up(hips, circle)), float(score)))
        return regions

    def _run_body(self, image: UInt8Array, region: Region) -> tuple[Float32Array, float]:
        """(33, 3) float32: pixels and visibility; and how sure it is that there is a body."""
        size = self._body.input_size
        bodies, presences = [], []
        for scale in _BODY_SCALES:
            scaled = replace(region, side=region.side * scale)
            outputs = self._body.run(scaled.cut(image, size))
            values = outputs["Identity"].reshape(-1, 5)[:_NUM_LANDMARKS]
            points = scaled.to_image(values[:, :2] / size)
            bodies.append(np.concatenate([points, expit(values[:, _VISIBILITY, None])], axis=1))
            presences.append(outputs["Identity_1"].item())
        return np.mean(bodies, axis=0), float(np.mean(presences))

    def _whole_body(self, image: UInt8Array, body: Float32Array) -> Float32Array:
        """(133, 3) float32 in COCO-WholeBody order; what face and hands share with the body is finer in them."""
        face = self._face.find(image, body[:, :2])
        left_hand, right_hand = self._hands.find(image, body[:, :2])
        points = np.concatenate([body[list(_COCO_BODY + _COCO_FEET)], face, left_hand, right_hand])
        finer = {
            _COCO_NOSE: face[_FACE_NOSE_TIP],
            _COCO_LEFT_EYE: face[_FACE_LEFT_EYE].mean(axis=0),
            _COCO_RIGHT_EYE: face[_FACE_RIGHT_EYE].mean(axis=0),
            _COCO_LEFT_WRIST: left_hand[_HAND_WRIST],
            _COCO_RIGHT_WRIST: right_hand[_HAND_WRIST],
        }
        for index, point in finer.items():
            if point[2] > VISIBLE:
                points[index] = point
        return points


def _shrunk(image: UInt8Array) -> tuple[UInt8Array, Float32Array]:
    """The picture at most `_LONGEST_SIDE_PX` long, and the two factors back."""
    height, width = image.shape[:2]
    scale = max(height, width) / _LONGEST_SIDE_PX
    if scale <= 1:
        return image, np.ones(2, dtype=np.float32)
    new_width, new_height = round(width / scale), round(height / scale)
    small = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_AREA)
    return small, np.array([width / new_width, height / new_height], dtype=np.float32)


def _hidden_outside(points: Float32Array, image: UInt8Array) -> Float32Array:
    """Points that the networks guess beyond the picture's border have confidence 0."""
    height, width = image.shape[:2]
    is_outside = (points[:, :2] < 0).any(axis=1) | (points[:, 0] > width - 1) | (points[:, 1] > height - 1)
    points[is_outside, 2] = 0
    return points


def _box(keypoints: Float32Array) -> tuple[float, float, float, float]:
    seen = keypoints[keypoints[:, 2] > VISIBLE, :2]
    (x0, y0), (x1, y1) = seen.min(axis=0).tolist(), seen.max(axis=0).tolist()
    return x0, y0, x1, y1


def _each_once(people: list[DetectedPerson]) -> list[DetectedPerson]:
    """Without those that two detections led to."""
    if not people:
        return []
    boxes = np.array([person.box for person in people], dtype=np.float32)
    scores = np.array([person.score for person in people], dtype=np.float32)
    return [people[index] for index in suppress_overlaps(boxes, scores, _SAME_PERSON_OVERLAP, pixel=0.0)]

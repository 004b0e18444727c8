"""The second look: every frame cropped, kept as a picture, and its person's keypoints found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import NUM_KEYPOINTS, Float32Array
from mmgt_core.pose.detector import DetectedPerson, WholeBodyDetector
from mmgt_core.pose.eye_network import seeing_eyelids
from mmgt_core.pose.following import OncePerPicture, follow
from mmgt_core.pose.framing import SquareFrame, crop_image
from mmgt_core.pose.read_blinks import with_read_blinks
from mmgt_core.types import UInt8Array

LONGEST_GAP_FRAMES = 5
"""Up to 0.2 s without a person is bridged in a straight line; windows over a longer gap are left out."""

_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
"""Full colour resolution: lips are small."""


@dataclass(frozen=True)
class Track:
    """One person over a clip.

    keypoints: (F, 134, 3) float32 on the crop's 512 canvas. is_known: (F,) bool, found or bridged.
    picture_offsets: (F + 1,) int64, first bytes of the frames in the stream of JPEG pictures.
    """

    keypoints: Float32Array
    is_known: npt.NDArray[np.bool_]
    picture_offsets: npt.NDArray[np.int64]


def track_person(
    images: Iterable[UInt8Array], frame: SquareFrame, detector: WholeBodyDetector, pictures: BinaryIO
) -> Track:
    """Crop each frame, append it to the pictures as JPEG, and find one person throughout whose face is seen.

    The lids of their poses shut where their eyes are read to blink: most detectors hardly see lids move.

    Args:
        images: (H, W, 3) uint8 RGB, at least one; a repeated array is a repeated picture.
        frame: the crop.
        detector: any whole-body detector.
        pictures: where the JPEG pictures go.
    """
    once = OncePerPicture(seeing_eyelids(detector))
    faces: list[list[DetectedPerson]] = []
    offsets = [0]
    last: UInt8Array | None = None
    encoded = b""
    for image in images:
        if image is not last:
            last, crop = image, crop_image(image, frame)
            encoded = _jpeg(crop)
        pictures.write(encoded)
        offsets.append(offsets[-1] + len(encoded))
        faces.append([person for person in once.detect(crop) if person.has_face])
    people = follow(faces).people
    bridged, is_known = bridge_gaps([None if person is None else person.keypoints for person in people])
    blinking = with_read_blinks(bridged, [None if person is None else person.eye_opening for person in people])
    return Track(blinking, is_known, np.array(offsets, np.int64))


def bridge_gaps(found: Sequence[Float32Array | None]) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """Fill short gaps between known poses in a straight line.

    Args:
        found: (134, 3) of each frame, or None.

    Returns:
        (F, 134, 3) float32, zeros where unknown; and (F,) bool, which are known.
    """
    keypoints = np.zeros((len(found), NUM_KEYPOINTS, 3), np.float32)
    is_known = np.array([pose is not None for pose in found], np.bool_)
    for index, pose in enumerate(found):
        if pose is not None:
            keypoints[index] = pose
    known = np.flatnonzero(is_known).tolist()
    for before, after in pairwise(known):
        if 1 < after - before <= LONGEST_GAP_FRAMES + 1:
            share = np.linspace(0, 1, after - before + 1, dtype=np.float32)[1:-1, None, None]
            keypoints[before + 1 : after] = keypoints[before] * (1 - share) + keypoints[after] * share
            is_known[before:after] = True
    return keypoints, is_known


def _jpeg(picture: UInt8Array) -> bytes:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), _JPEG)
    return encoded.tobytes()

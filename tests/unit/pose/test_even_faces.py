"""Drawn faces are even also where no detector knows them as drawn; photographed ones never are."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.pose.even_faces import is_even
from mmgt_core.pose.framing import CropChoice
from mmgt_core.pose.initial_pose import find_initial_pose
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.synthetic.clip import FIRST_HELD_OUT_SEED, synthetic_clip
from mmgt_core.types import UInt8Array
from tests.unit.pose.photographs import photograph


def grey(image: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def test_presenters_in_grey_or_cut_at_the_chest_are_drawn_ones() -> None:
    detector = load_detector(Path("no weights"), MMGT_DEMO)
    for seed in (FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 2):
        clip = synthetic_clip(seed, seconds=1.0)
        picture, keypoints = clip.render([0], CANVAS_SIZE)[0], clip.pose_sequence.keypoints[0]

        assert is_even(grey(picture), keypoints)
        chest = np.ascontiguousarray(picture[:384, 64:448])
        assert find_initial_pose(chest, detector, CropChoice.auto()).is_drawn


@pytest.mark.parametrize("name", ["portrait.png", "naval_officer.jpg", "official_portrait.jpg"])
def test_a_photographed_face_is_not_even_whatever_was_done_to_it(detector: LandmarkDetector, name: str) -> None:
    pose = find_initial_pose(photograph(name), detector, CropChoice.auto())
    picture = pose.reference_image
    done = {
        "nothing": picture,
        "grey": grey(picture),
        "blurred": cv2.GaussianBlur(picture, (0, 0), 2),
        "smoothed": cv2.bilateralFilter(picture, 15, 60, 15),
        "bright": np.clip(picture * 1.8, 0, 255),
        "dark": picture * 0.15,
        "compressed": cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 10])[1], cv2.IMREAD_COLOR),
    }

    even = [what for what, changed in done.items() if is_even(np.asarray(changed, np.uint8), pose.keypoints)]

    assert even == []

"""A picture that lies on its side or stands on its head is turned upright; one that leans a little is left as it is."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO
from mmgt_core.errors import InputCode, InputError
from mmgt_core.keypoints import CANVAS_SIZE, FACE, Float32Array
from mmgt_core.pose.detector import DetectedPerson, WholeBodyDetector
from mmgt_core.pose.framing import CropChoice, CropRule
from mmgt_core.pose.initial_pose import InitialPose, find_initial_pose
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.types import UInt8Array
from tests.unit.pose.figures import CHIN, NOSE_BRIDGE, figure
from tests.unit.pose.photographs import enlarged, photograph

PHOTOGRAPHS = ("portrait.png", "naval_officer.jpg", "official_portrait.jpg")
PRESENTERS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 7)
QUARTERS = (1, 2, 3)


@pytest.fixture(scope="module")
def everyone() -> WholeBodyDetector:
    """Who looks for drawn presenters, then for photographed people."""
    return load_detector(Path("no weights"), MMGT_DEMO)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small tensors gain nothing from more
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def presenters() -> list[UInt8Array]:
    """Never seen in training."""
    return [synthetic_clip(seed, seconds=1.0).render([0], CANVAS_SIZE)[0] for seed in PRESENTERS]


def turned(image: UInt8Array, num_quarters: int) -> UInt8Array:
    """To the right, as a camera that lay on its side has it."""
    return np.ascontiguousarray(np.rot90(image, -num_quarters))


def leaning(image: UInt8Array, degrees: float) -> UInt8Array:
    """To the right, about its middle."""
    height, width = image.shape[:2]
    turning = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, turning, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


@cache
def upright_pose(detector: WholeBodyDetector, name: str) -> InitialPose:
    """Of a photograph as it is."""
    return find_initial_pose(photograph(name), detector, CropChoice.auto())


def codes(pose: InitialPose) -> set[str]:
    return {warning.code for warning in pose.warnings}


@pytest.mark.parametrize("num_quarters", QUARTERS)
def test_drawn_presenters_are_turned_upright_and_told(
    presenters: list[UInt8Array], everyone: WholeBodyDetector, num_quarters: int
) -> None:
    """Twenty-one pictures, of which eighteen in twenty were rendered as wreckage."""
    for picture in presenters:
        upright = find_initial_pose(picture, everyone, CropChoice.auto())

        pose = find_initial_pose(turned(picture, num_quarters), everyone, CropChoice.auto())

        (warning,) = (warning for warning in pose.warnings if warning.code == "image_turned")
        assert f"turned by {90 * num_quarters} degrees clockwise" in warning.message
        assert pose.is_drawn
        assert np.array_equal(pose.reference_image, upright.reference_image)
        assert np.array_equal(pose.keypoints, upright.keypoints)
        assert "image_turned" not in codes(upright)


@pytest.mark.parametrize("num_quarters", QUARTERS)
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_are_turned_upright_and_told(everyone: WholeBodyDetector, name: str, num_quarters: int) -> None:
    upright = upright_pose(everyone, name)

    pose = find_initial_pose(turned(photograph(name), num_quarters), everyone, CropChoice.auto())

    assert "image_turned" in codes(pose)
    assert "image_turned" not in codes(upright)
    assert np.array_equal(pose.reference_image, upright.reference_image)
    assert np.array_equal(pose.keypoints, upright.keypoints)


@pytest.mark.parametrize("degrees", [-20, -10, 10, 20])
def test_who_only_leans_is_left_as_they_are(
    presenters: list[UInt8Array], everyone: WholeBodyDetector, degrees: float
) -> None:
    for picture, is_drawn in [(presenters[0], True), (presenters[1], True), (photograph("naval_officer.jpg"), False)]:
        pose = find_initial_pose(leaning(picture, degrees), everyone, CropChoice.auto())

        assert "image_turned" not in codes(pose)
        assert pose.is_drawn is is_drawn


@pytest.mark.parametrize("num_quarters", [0, *QUARTERS])
def test_the_told_square_lies_in_the_picture_as_it_came(everyone: WholeBodyDetector, num_quarters: int) -> None:
    """Whoever sends the proposed square with the same picture gets the same video."""
    picture = turned(np.pad(photograph("naval_officer.jpg"), ((0, 60), (240, 300), (0, 0)), mode="edge"), num_quarters)
    proposed = find_initial_pose(picture, everyone, CropChoice.auto())

    again = find_initial_pose(picture, everyone, CropChoice(CropRule.GIVEN, proposed.frame))

    assert ("image_turned" in codes(proposed)) is (num_quarters != 0)
    assert again.frame == proposed.frame
    difference = np.abs(again.reference_image.astype(int) - proposed.reference_image)
    assert difference.max() <= 2  # rows and columns are rounded in another order
    assert np.abs(again.keypoints - proposed.keypoints)[FACE, :2].max() < 3


def test_a_small_drawn_presenter_in_a_wide_picture_is_a_drawn_one(
    presenters: list[UInt8Array], everyone: WholeBodyDetector
) -> None:
    """Only the close look sees that."""
    for presenter in presenters[:3]:
        wide = np.full((620, 1100, 3), (120, 125, 130), np.uint8)
        wide[:, 300:920] = enlarged(presenter, 620 / CANVAS_SIZE)

        assert find_initial_pose(wide, everyone, CropChoice.auto()).is_drawn


class Sees:
    """A detector that finds the same person in every picture."""

    def __init__(self, person: DetectedPerson) -> None:
        self.person = person

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        return [self.person]


def with_chin_at(x: float, y: float) -> DetectedPerson:
    person = figure(256, 200, 150)
    person.keypoints[CHIN, :2] = person.keypoints[NOSE_BRIDGE, :2] + np.array([x, y], np.float32)
    return person


@pytest.mark.parametrize(("chin", "degrees"), [((-60, 0), 90), ((60, 5), 275), ((0, -60), 180)])
def test_a_person_who_lies_however_it_is_turned_is_refused_with_the_angle(
    chin: tuple[float, float], degrees: int
) -> None:
    picture = np.zeros((512, 512, 3), np.uint8)

    with pytest.raises(InputError, match=f"turned by {degrees} degrees clockwise") as refused:
        find_initial_pose(picture, Sees(with_chin_at(*chin)), CropChoice.auto())

    assert refused.value.code is InputCode.IMAGE_NO_PERSON


def collapsed(seen: Float32Array) -> DetectedPerson:
    return replace(figure(256, 200, 150), keypoints=seen)


def test_a_heap_of_points_is_no_person() -> None:
    picture, person = np.zeros((512, 512, 3), np.uint8), figure(256, 200, 150).keypoints
    tiny, flat = person.copy(), person.copy()
    tiny[:, :2] = 256 + (person[:, :2] - 256) / 20
    flat[:24, :2] = person[CHIN, :2]  # the body lies in the chin

    for heap in (tiny, flat):
        with pytest.raises(InputError, match=r"its points lie within [0-9]+ pixels of 512") as refused:
            find_initial_pose(picture, Sees(collapsed(heap)), CropChoice.none())
        assert refused.value.code is InputCode.IMAGE_NO_PERSON

"""DWPose around two toy networks: a person around every red cell, all keypoints where green is brightest."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmgt_core.errors import WeightsError
from mmgt_core.pose.dwpose import DWPoseDetector, onnxruntime_providers, resize_for_dwpose
from mmgt_core.types import UInt8Array
from tests.unit.pose.photographs import DATA

YOLOX, POSE = DATA / "toy_yolox.onnx", DATA / "toy_pose.onnx"
CPU = ["CPUExecutionProvider"]
CELL_PX = 32 * 512 / 640
"""The detector's coarsest cell in the 512 pixels of a square picture."""


@pytest.fixture(scope="module")
def toy() -> DWPoseDetector:
    return DWPoseDetector(YOLOX, POSE, CPU)


def stage(*people: tuple[int, int]) -> UInt8Array:
    """A black square; each person is a red cell, named by column and row, and a green point to its right."""
    image = np.zeros((512, 512, 3), np.uint8)
    for column, row in people:
        x, y = round(column * CELL_PX), round(row * CELL_PX)
        cv2.rectangle(image, (x - 1, y - 1), (x + 27, y + 27), (255, 0, 0), -1)
        cv2.rectangle(image, (x + 48, y + 38), (x + 52, y + 42), (0, 255, 0), -1)
    return image


def test_a_person_and_all_its_points_are_where_they_were_painted(toy: DWPoseDetector) -> None:
    (person,) = toy.detect(stage((8, 9)))

    centre_x, centre_y = 8.5 * CELL_PX, 9.5 * CELL_PX
    assert person.box == pytest.approx((centre_x - 64, centre_y - 96, centre_x + 64, centre_y + 96), abs=2)
    # A bin of the pose network is 0.3 px here, the painted point 5 px wide.
    assert np.abs(person.keypoints[:, :2] - (255, 270)).max() < 3
    assert (person.keypoints[:, 2] == 1).all()  # the network's 2.4, clipped
    assert 0.3 < person.score <= 1


def test_every_person_is_found(toy: DWPoseDetector) -> None:
    people = toy.detect(stage((4, 9), (14, 9)))

    assert sorted(round(person.keypoints[0, 0] / 10) for person in people) == [15, 41]


def test_a_picture_without_a_person_gives_nobody(toy: DWPoseDetector) -> None:
    assert toy.detect(stage()) == []


def test_points_come_back_in_the_pixels_of_the_given_picture(toy: DWPoseDetector) -> None:
    small, large = stage((8, 9)), cv2.resize(stage((8, 9)), (1024, 1024), interpolation=cv2.INTER_NEAREST)

    (person,), (twice,) = toy.detect(small), toy.detect(large)

    assert (twice.keypoints[:, :2] + 0.5) / 2 - 0.5 == pytest.approx(person.keypoints[:, :2], abs=1)
    assert np.array(twice.box) / 2 == pytest.approx(np.array(person.box), abs=1)


@pytest.mark.parametrize(
    ("shape", "resized"),
    [((512, 512), (512, 512)), ((1080, 1920), (512, 896)), ((1000, 300), (1728, 512)), ((256, 300), (512, 576))],
)
def test_the_short_side_becomes_512_and_both_multiples_of_64(shape: tuple[int, int], resized: tuple[int, int]) -> None:
    assert resize_for_dwpose(np.zeros((*shape, 3), np.uint8)).shape == (*resized, 3)


def test_colours_reach_the_networks_as_blue_green_red() -> None:
    red = np.full((512, 512, 3), (200, 0, 10), np.uint8)

    assert resize_for_dwpose(red)[0, 0].tolist() == [10, 0, 200]


def test_an_absent_file_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.onnx is absent.*mmgt weights pull"):
        DWPoseDetector(tmp_path / "absent.onnx", POSE, CPU)


@pytest.mark.parametrize("contents", [b"", b"not a network", YOLOX.read_bytes()[:2000]])
def test_a_file_that_is_no_network_is_named(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(contents)

    with pytest.raises(WeightsError, match=r"broken\.onnx is not an ONNX network"):
        DWPoseDetector(YOLOX, path, CPU)


def test_a_processor_can_always_compute() -> None:
    assert onnxruntime_providers()[-1] == "CPUExecutionProvider"

"""The detector of drawn presenters: its training, its places in pixels, and that it can say nobody."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.config import PRESENTER_KEYPOINTS
from mmgt_core.keypoints import FEET, LEGS, NUM_KEYPOINTS
from mmgt_core.pose.detector import DetectedPerson
from mmgt_core.pose.detector_choice import FirstThatSees
from mmgt_core.pose.keypoint_network import INPUT_SIDE, KeypointMaps, KeypointNetwork, PresenterDetector, peaks
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.rows import MadeDataError
from mmgt_core.training.presenters.dataset import PresenterDatasetConfig
from mmgt_core.training.presenters.detector import KeypointTraining, KeypointTrainingConfig, PresenterPictures
from mmgt_core.training.presenters.figures import Figures, figures
from mmgt_core.training.presenters.pictures_of_nobody import picture_of_nobody
from tests.unit.training.learning import batch_of, losses_over_steps

CONFIG = KeypointTrainingConfig(scale_range=0.1, shift_range=0.05, empty_fraction=0.3, target_spread=0.7)
FEW = PresenterDatasetConfig(num_clips=9, first_seed=5, frames_per_clip=2)


def told_nothing(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return figures(tmp_path_factory.mktemp("figures"), FEW, 0, told_nothing)


class Knows(KeypointNetwork):
    """Sees every point in one cell, and a presenter as surely as told."""

    def __init__(self, row: int, column: int, presence: float, height: float = 20.0) -> None:
        super().__init__(PRESENTER_KEYPOINTS)
        self._place, self._presence, self._height = (row, column), presence, height

    def forward(self, pixels: torch.Tensor) -> KeypointMaps:
        cells = torch.zeros(1, NUM_KEYPOINTS, 64, 64)
        cells[:, :, self._place[0], self._place[1]] = self._height
        return KeypointMaps(cells, torch.tensor([self._presence]))


def test_steps_on_one_batch_lower_its_loss(dataset: Figures) -> None:
    torch.manual_seed(0)
    process = KeypointTraining(KeypointNetwork(PRESENTER_KEYPOINTS), dataset, CONFIG)

    found = losses_over_steps(process, batch_of(PresenterPictures(dataset, CONFIG)), steps=8)

    assert found[-1] < 0.95 * found[0]


def test_samples_are_pictures_with_what_was_found(dataset: Figures, tmp_path: Path) -> None:
    KeypointTraining(KeypointNetwork(PRESENTER_KEYPOINTS).eval(), dataset, CONFIG).sample(tmp_path, 3)

    assert (tmp_path / "0000003.png").stat().st_size > 0


def test_pictures_are_as_large_as_the_detector_sees_them_and_drawn_once(dataset: Figures) -> None:
    clip = synthetic_clip(FEW.first_seed)
    told: list[int] = []

    again = figures(dataset.folder, FEW, 0, lambda done, total: told.append(done))

    assert again.pictures.shape == (9, 3, INPUT_SIDE, INPUT_SIDE, 3)
    assert not told
    np.testing.assert_array_equal(again.keypoints[0, 0], clip.pose_sequence.keypoints[clip.reference_frame])
    whole = clip.render([clip.reference_frame], INPUT_SIDE)[0].astype(float)
    assert np.abs(again.pictures[0, 0] - whole).mean() < 3


def test_a_folder_of_other_presenters_is_refused(dataset: Figures) -> None:
    with pytest.raises(MadeDataError, match="begun otherwise: num_clips"):
        figures(dataset.folder, replace(FEW, num_clips=10), 0, told_nothing)


def test_a_moved_picture_has_its_points_moved_along(dataset: Figures) -> None:
    still = KeypointTrainingConfig(0.0, 0.0, 0.0, 0.7)
    there, moved = (
        PresenterPictures(dataset, config).item(0, np.random.default_rng(3))
        for config in (still, KeypointTrainingConfig(0.0, 0.1, 0.0, 0.7))
    )

    shift = (moved["keypoints"] - there["keypoints"])[:18, :2]
    assert shift.abs().max() > 1
    torch.testing.assert_close(shift, shift[:1].expand(18, 2), atol=1e-3, rtol=0)


@pytest.mark.parametrize("seed", range(24))
def test_a_picture_of_nobody_is_another_picture(dataset: Figures, seed: int) -> None:
    picture = np.array(dataset.pictures[0, 0])
    before = picture.copy()

    first, again = (picture_of_nobody(picture, np.random.default_rng(seed)) for _ in range(2))

    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert np.array_equal(picture, before)
    assert np.abs(first.astype(int) - picture).mean() > 5


def test_a_peak_between_two_cells_lies_between_their_pixels() -> None:
    cells = torch.full((1, 1, 32, 32), -20.0)
    cells[0, 0, 10, 5] = cells[0, 0, 10, 6] = 20.0

    x, y, mass = peaks(cells)[0, 0].tolist()

    assert (x, y) == pytest.approx((6.0 * 4 - 0.5, 10.5 * 4 - 0.5), abs=1e-3)
    assert mass == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("height", "width"), [(512, 512), (300, 600), (900, 450), (3000, 1111)])
def test_points_are_pixels_of_the_image_whatever_its_shape(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)

    (person,) = PresenterDetector(Knows(31, 32, presence=5.0)).detect(image)

    cell = max(height, width) / 64
    expected = (width / 2 + cell / 2, height / 2 - cell / 2)  # the middle of the cell right and above the centre
    assert person.keypoints[0, :2] == pytest.approx(expected, abs=1)
    assert person.has_face


def test_a_narrow_picture_costs_no_more_than_a_moderate_square() -> None:
    image = np.zeros((12_000, 256, 3), np.uint8)
    tracemalloc.start()

    PresenterDetector(Knows(31, 32, presence=5.0)).detect(image)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most_bytes < 20_000_000  # the square of its length has 432 MB


def test_legs_and_feet_are_never_seen() -> None:
    (person,) = PresenterDetector(Knows(3, 3, presence=5.0)).detect(np.zeros((128, 128, 3), np.uint8))

    hidden = [*LEGS, *range(FEET.start, FEET.stop)]
    assert not person.keypoints[hidden, 2].any()
    assert (np.delete(person.keypoints, hidden, axis=0)[:, 2] > 0.9).all()


def test_a_picture_without_a_presenter_has_nobody() -> None:
    assert PresenterDetector(Knows(3, 3, presence=-1.0)).detect(np.zeros((128, 128, 3), np.uint8)) == []


def test_points_that_could_be_anywhere_are_nobodys() -> None:
    unsure = Knows(3, 3, presence=5.0, height=4.0)  # a fiftieth of each map lies around its peak

    assert PresenterDetector(unsure).detect(np.zeros((128, 128, 3), np.uint8)) == []


class Finds:
    """A detector with a fixed answer."""

    def __init__(self, people: list[DetectedPerson]) -> None:
        self._people = people

    def detect(self, image: np.ndarray) -> list[DetectedPerson]:
        return self._people


def test_the_first_detector_that_sees_somebody_answers() -> None:
    anyone = DetectedPerson(np.zeros((NUM_KEYPOINTS, 3), np.float32), (0, 0, 1, 1), 0.9)
    image = np.zeros((8, 8, 3), np.uint8)

    assert FirstThatSees([Finds([]), Finds([anyone])]).detect(image) == [anyone]
    assert FirstThatSees([Finds([]), Finds([])]).detect(image) == []

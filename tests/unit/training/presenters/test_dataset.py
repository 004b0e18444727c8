"""Presenters are drawn once: what a row holds, and that a stopped run goes on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.masks.pyramid import motion_masks
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.rows import MadeDataError
from mmgt_core.training.presenters.dataset import CLIPS_FILE, PresenterDataset, PresenterDatasetConfig, presenters
from mmgt_core.training.stage_2.masks import unpacked_masks
from mmgt_core.types import BackgroundMask, MaskMotion, PoseSequence
from tests.unit.training.presenters.tiny_presenters import NUM_FRAMES, TINY, StandIn, build, stand_in


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> PresenterDataset:
    return build(tmp_path_factory.mktemp("presenters"), num_clips=9)


def test_frame_0_is_the_frame_of_rest_and_the_others_follow_each_other(dataset: PresenterDataset) -> None:
    truth = StandIn(5).pose_sequence.keypoints
    moving = dataset.keypoints[0, 1:]
    start = int(np.abs(truth - moving[0]).sum(axis=(1, 2)).argmin())

    assert np.array_equal(dataset.keypoints[0, 0], truth[0])
    assert np.array_equal(moving, truth[start : start + NUM_FRAMES])


def test_every_array_has_its_row_and_range(dataset: PresenterDataset) -> None:
    frames = NUM_FRAMES + 1

    assert dataset.pictures.shape == dataset.pose_images.shape == (9, frames, 64, 64, 3)
    assert dataset.speech.shape == (9, frames, 5, 1, TINY.wav2vec.hidden_size)
    assert dataset.masks.shape == (9, frames, 3, 64 + 16 + 4 + 1)
    assert (dataset.pose_images.max(axis=(2, 3, 4)) > 100).all()
    assert np.isfinite(dataset.speech).all()


@pytest.mark.parametrize("background", list(BackgroundMask))
@pytest.mark.parametrize("motion", list(MaskMotion))
def test_packed_masks_are_those_of_the_pipeline(
    dataset: PresenterDataset, background: BackgroundMask, motion: MaskMotion
) -> None:
    poses = PoseSequence(np.array(dataset.keypoints[1]))
    expected = motion_masks(poses, PoseSequence(poses.keypoints[:1]), TINY.mask_level_sizes, background, motion)

    masks = unpacked_masks(torch.tensor(dataset.masks[1:2]), TINY.mask_level_sizes, background, motion)

    for found, wanted in zip(masks.regions, expected.regions, strict=True):
        for level, wanted_level in zip(found, wanted, strict=True):
            torch.testing.assert_close(level, wanted_level, atol=1e-6, rtol=0)


def test_a_row_that_loses_its_masks_sees_all_regions_everywhere(dataset: PresenterDataset) -> None:
    packed = torch.tensor(dataset.masks[:2])

    masks = unpacked_masks(
        packed, TINY.mask_level_sizes, BackgroundMask.HANDS, MaskMotion.MOVING, torch.tensor([False, True])
    )

    first, second = masks.lips[0].chunk(2)
    assert (first == 1).all()
    assert not (second == 1).all()


class Stop(Exception):
    """Thrown by a clip that cannot be drawn."""


def test_a_stopped_run_goes_on_and_draws_only_what_is_missing(tmp_path: Path) -> None:
    drawn = []

    def breaking(seed: int) -> StandIn:
        if seed == 7:
            raise Stop
        return stand_in(seed)

    def counting(seed: int) -> StandIn:
        drawn.append(seed)
        return stand_in(seed)

    with pytest.raises(Stop):
        build(tmp_path, num_clips=10, make_clip=breaking)
    with pytest.raises(MadeDataError, match="2 of 10 presenters"):
        PresenterDataset.open(tmp_path)
    resumed = build(tmp_path, num_clips=10, make_clip=counting)

    assert drawn == list(range(7, 15))
    assert resumed.pictures.any(axis=(1, 2, 3, 4)).all()


def test_another_process_draws_the_same_rows(dataset: PresenterDataset, tmp_path: Path) -> None:
    parallel = build(tmp_path, num_processes=1, num_clips=9)

    assert np.array_equal(parallel.pictures, dataset.pictures)
    assert np.array_equal(parallel.speech, dataset.speech)


def test_a_folder_of_another_configuration_is_refused(dataset: PresenterDataset) -> None:
    with pytest.raises(MadeDataError, match="begun otherwise"):
        build(dataset.folder, num_clips=10)


def test_a_folder_from_before_there_were_photographs_goes_on(dataset: PresenterDataset) -> None:
    written = dataset.folder / CLIPS_FILE
    known = json.loads(written.read_text())
    written.write_text(json.dumps({name: value for name, value in known.items() if name != "photographs"}))

    assert len(build(dataset.folder, num_clips=9)) == 1
    assert json.loads(written.read_text()) == known


def test_a_share_of_the_clips_looks_as_photographs_do(tmp_path: Path) -> None:
    config = PresenterDatasetConfig(num_clips=12, first_seed=40, frames_per_clip=1, photographs=0.25)

    drawn = presenters(tmp_path, TINY, config, 0, lambda done, total: None)

    are_drawings = [
        np.abs(picture - scaled(synthetic_clip(40 + index).render([0], 256)[0], 64).astype(int)).mean() < 1
        for index, picture in enumerate(drawn.pictures[:, 0].astype(int))
    ]
    assert [index for index, is_drawing in enumerate(are_drawings) if not is_drawing] == [3, 7, 11]


def test_a_share_of_photographs_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"photographs is 1\.2; it must be from 0 to 1"):
        PresenterDatasetConfig(num_clips=12, first_seed=40, frames_per_clip=1, photographs=1.2)


def test_clips_that_are_looked_at_are_not_trained_on() -> None:
    dataset = replace(PresenterDataset(Path("none"), 20))

    assert len(dataset) == 12
    assert dataset.held_back_clips == list(range(12, 20))

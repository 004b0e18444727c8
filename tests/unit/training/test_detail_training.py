"""The network that ends frames: what it is shown of what stage 2 drew, and that it learns from it."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mmgt_core import config
from mmgt_core.config import DetailNetworkConfig
from mmgt_core.pipelines.detail_network import EVIDENCE, DetailNetwork
from mmgt_core.training.configuration import ConfigurationError, TrainingConfiguration, read_configuration
from mmgt_core.training.details import DetailTraining, DetailTrainingConfig, FramePairs
from mmgt_core.training.drawn_frames import DrawnFrames, draw_frames
from mmgt_core.training.presenter_dataset import PresenterDataset, PresenterDatasetError
from mmgt_core.training.presenter_processes import prepare_details
from tests.unit.training.presenters import NUM_CLIPS, NUM_FRAMES, TINY, build
from tests.unit.training.test_stage_2_training import batch_of, losses_over_steps, networks

CONFIG = DetailTrainingConfig(crop=32, detail_fraction=0.5, square_weight=8.0, lips_weight=4.0, flicker_weight=1.0)
FRAME, PORTRAIT, POSE = (EVIDENCE.index(name) for name in ("frame", "portrait", "pose"))


def network() -> DetailNetwork:
    torch.manual_seed(0)
    return DetailNetwork(DetailNetworkConfig(widths=(16, 16, 16)))


@pytest.fixture(scope="module", autouse=True)
def tiny_has_a_name() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(config.PRESETS, TINY.name, TINY)
        yield


@pytest.fixture(scope="module")
def stage_2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished networks, random."""
    folder = tmp_path_factory.mktemp("video")
    for name, module in networks().named().items():
        if module.state_dict():
            save_file(
                {key: value.contiguous() for key, value in module.state_dict().items()}, folder / f"{name}.safetensors"
            )
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> PresenterDataset:
    return build(tmp_path_factory.mktemp("presenters"))


def draw(dataset: PresenterDataset, stage_2: Path) -> DrawnFrames:
    return draw_frames(dataset, TINY, stage_2, stage_2 / "vae.safetensors", 0, lambda done, total: None)


@pytest.fixture(scope="module")
def pairs(dataset: PresenterDataset, stage_2: Path) -> FramePairs:
    return FramePairs(dataset, draw(dataset, stage_2), CONFIG)


def test_every_frame_is_drawn_once_and_its_portrait_moved_to_it(
    pairs: FramePairs, dataset: PresenterDataset, stage_2: Path
) -> None:
    drawn = pairs.drawn

    draw(dataset, stage_2)

    assert drawn.drawn.shape == dataset.pictures.shape == (NUM_CLIPS, NUM_FRAMES + 1, 64, 64, 3)
    assert drawn.drawn.std(axis=(2, 3, 4)).min() > 1
    assert np.abs(drawn.moved_drawn[:, 0].astype(int) - drawn.drawn[:, 0]).mean() < 1
    assert np.abs(drawn.moved_portraits[:, 0].astype(int) - dataset.pictures[:, 0]).mean() < 1


def test_a_stopped_run_draws_what_is_missing_and_nothing_else(
    pairs: FramePairs, dataset: PresenterDataset, stage_2: Path
) -> None:
    done, drawn = (np.load(dataset.folder / f"{name}.npy", mmap_mode="r+") for name in ("is_drawn_by_stage_2", "drawn"))
    done[3], expected = 0, drawn[3:5].copy()
    drawn[3:5] = 0

    draw(dataset, stage_2)

    assert np.array_equal(drawn[3], expected[0])
    assert not drawn[4].any()
    assert done.all()
    drawn[4] = expected[1]


def test_a_folder_of_other_clips_is_refused(tmp_path: Path, stage_2: Path) -> None:
    presenters = build(tmp_path)
    np.save(tmp_path / "is_drawn_by_stage_2.npy", np.ones(NUM_CLIPS - 1, np.uint8))

    with pytest.raises(PresenterDatasetError, match="9 clips were begun, not 10"):
        draw(presenters, stage_2)


@pytest.mark.parametrize("seed", range(3))
def test_a_presenter_in_other_colours_is_drawn_in_them_and_its_pose_is_not(pairs: FramePairs, seed: int) -> None:
    whole = replace(pairs, config=replace(CONFIG, crop=64))

    item = whole.item(1, np.random.default_rng(seed))

    evidence, truth = item["evidence"].numpy(), item["truth"].numpy()
    pictures = pairs.dataset.pictures[1]
    (frame, order), *_ = [
        (frame, order)
        for frame in range(1, NUM_FRAMES)
        for order in map(list, permutations(range(3)))
        if np.array_equal(pictures[frame][..., order], truth[0])
    ]
    assert np.array_equal(truth[1], pictures[frame + 1][..., order])
    assert np.array_equal(evidence[:, FRAME], pairs.drawn.drawn[1, frame : frame + 2][..., order])
    assert np.array_equal(evidence[1, PORTRAIT], pictures[0][..., order])
    assert np.array_equal(evidence[:, POSE], pairs.dataset.pose_images[1, frame : frame + 2])


def test_crops_show_the_same_place_of_everything(pairs: FramePairs) -> None:
    item = pairs.item(2, np.random.default_rng(7))

    assert item["evidence"].shape == (2, 7, 32, 32, 3)
    assert item["truth"].shape == (2, 32, 32, 3)
    assert item["is_mouth"].shape == (2, 32, 32)


def test_steps_on_one_batch_lower_its_loss(pairs: FramePairs) -> None:
    found = losses_over_steps(DetailTraining(network(), pairs, CONFIG), batch_of(pairs), steps=20)

    assert found[-1] < 0.9 * found[0]


class Draws(nn.Module):
    """Gives the frames of stage 2 as they are."""

    def forward(self, evidence: torch.Tensor) -> torch.Tensor:
        return evidence[:, FRAME]


@pytest.mark.parametrize(("truth_moves", "flickers"), [(False, True), (True, False)])
def test_only_changes_where_the_truth_stands_still_are_flicker(
    pairs: FramePairs, truth_moves: bool, flickers: bool
) -> None:
    evidence, truth = (
        torch.zeros(1, 2, 7, 16, 16, 3, dtype=torch.uint8),
        torch.zeros(1, 2, 16, 16, 3, dtype=torch.uint8),
    )
    evidence[:, 1, FRAME] = 30
    if truth_moves:
        truth[:, 1] = 30
    process = DetailTraining(network(), pairs, CONFIG)
    process._network = Draws()
    batch = {"evidence": evidence, "truth": truth, "is_mouth": torch.zeros(1, 2, 16, 16, dtype=torch.bool)}

    losses = process.losses(batch, torch.Generator())

    assert (losses["flicker"] > 0.1) == flickers


def test_samples_show_frames_before_and_after_and_the_truth(pairs: FramePairs, tmp_path: Path) -> None:
    DetailTraining(network().eval(), pairs, CONFIG).sample(tmp_path, 3)

    assert (tmp_path / "0000003.png").stat().st_size > 0


def configuration(**options: object) -> TrainingConfiguration:
    read = read_configuration("demo-details")
    table = {**read.options, "preset": TINY.name, **options}
    table["presenters"] = {"num_clips": NUM_CLIPS, "first_seed": 5, "frames_per_clip": NUM_FRAMES}
    return replace(read, options=table)


def test_the_process_needs_finished_networks_and_a_preset_that_ends_frames(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="mmgt-512 has no network that ends frames"):
        prepare_details(configuration(preset="mmgt-512"), tmp_path, 0, lambda done, total: None)

"""The network that ends frames: what it is shown of what stage 2 drew, and that it learns from it."""

import json
from dataclasses import replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from mmgt_core.checkpoints.folders import network_file
from mmgt_core.checkpoints.packaged import KEYPOINTS, PACKAGED_WEIGHTS
from mmgt_core.config import MMGT_DEMO, DetailNetworkConfig
from mmgt_core.finishing.detail_network import EVIDENCE, DetailNetwork, evidence_of
from mmgt_core.finishing.finisher import ShownPose
from mmgt_core.finishing.portrait_details import PortraitDetails, as_evidence
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.training.machinery.configuration import ConfigurationError, read_configuration
from mmgt_core.training.machinery.rows import MadeDataError
from mmgt_core.training.presenters import moved_portraits
from mmgt_core.training.presenters.autoencoder import eye_pixels, mouth_pixels
from mmgt_core.training.presenters.dataset import PresenterDataset, is_in_share
from mmgt_core.training.presenters.details import DetailTraining, DetailTrainingConfig, FramePairs
from mmgt_core.training.presenters.drawn_frames import DrawnFrames, draw_frames
from mmgt_core.training.presenters.moved_portraits import move_portraits, own_pose
from mmgt_core.training.processes.presenters import prepare_details
from mmgt_core.training.stage_2.clips import held_poses
from mmgt_core.training.stage_2.finished import Stage2Files
from tests.unit.puppet.presenters import drawn
from tests.unit.training.learning import batch_of, losses_over_steps
from tests.unit.training.presenters.tiny_presenters import (
    NUM_CLIPS,
    NUM_FRAMES,
    TINY,
    build,
    networks,
    with_another_mouth_at_rest,
)

CONFIG = DetailTrainingConfig(crop=32, detail_fraction=0.5, square_weight=8.0, lips_weight=4.0, flicker_weight=1.0)
HELD = 0.5
FRAME, PORTRAIT, POSE = (EVIDENCE.index(name) for name in ("frame", "portrait", "pose"))


def network() -> DetailNetwork:
    torch.manual_seed(0)
    return DetailNetwork(DetailNetworkConfig(widths=(16, 16, 16)))


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
    return draw_frames(dataset, TINY, files(stage_2), HELD, 0, lambda done, total: None)


def files(stage_2: Path) -> Stage2Files:
    return Stage2Files(stage_2, stage_2 / "vae.safetensors")


@pytest.fixture(scope="module")
def pairs(dataset: PresenterDataset, stage_2: Path) -> FramePairs:
    return FramePairs(dataset, draw(dataset, stage_2), CONFIG)


def test_the_portrait_is_drawn_first_in_its_own_pose_and_then_every_frame(
    pairs: FramePairs, dataset: PresenterDataset
) -> None:
    drawn = pairs.drawn

    assert drawn.drawn.shape == dataset.pictures.shape == (NUM_CLIPS, NUM_FRAMES + 1, 64, 64, 3)
    assert drawn.drawn.std(axis=(2, 3, 4)).min() > 1
    assert np.abs(drawn.moved_drawn[:, 0].astype(int) - drawn.drawn[:, 0]).mean() < 1
    assert np.abs(drawn.moved_portraits[:, 0].astype(int) - dataset.pictures[:, 0]).mean() < 1


@pytest.mark.parametrize("sees_bones", [False, True])
def test_training_shows_the_network_what_rendering_shows_it(
    pairs: FramePairs, dataset: PresenterDataset, sees_bones: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmgt_core.finishing.portrait_details._MOST_OFF", 255.0)  # stage 2 has learned nothing here
    frames, seen = [1, 2, 3], []
    config = DetailNetworkConfig(widths=(16, 16, 16), sees_bones=sees_bones)
    ends, own = DetailNetwork(config), dataset.keypoints[1, 0]
    if sees_bones:
        pairs = replace(pairs, moved=move_portraits(dataset, HELD, None, 0, lambda done, total: None))
    ends.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    drawn, poses = pairs.drawn.drawn[1], pairs.drawn.poses[1]
    portrait = np.array(dataset.pictures[1, 0])
    puppet = Puppet.of(portrait, own, PersonMatte()) if sees_bones else None
    details = PortraitDetails(ends, portrait, np.array(drawn[0]), np.array(poses[0]), puppet)
    keypoints = held_poses(dataset, 1, 0, frames).keypoints
    shown = [ShownPose(np.array(poses[frame]), pose) for frame, pose in zip(frames, keypoints, strict=True)]

    list(details.restored(iter(np.array(drawn[frames])), iter(shown)))

    assert torch.equal(torch.cat(seen), as_evidence(pairs.evidence(1, frames)))
    assert len({picture.tobytes() for picture in pairs.evidence(1, [3])[0, : len(EVIDENCE)]}) == len(EVIDENCE)
    assert seen[0].shape[1] == len(evidence_of(config))


def test_a_portrait_is_moved_by_the_pose_that_stage_2_was_given(dataset: PresenterDataset) -> None:
    moved = move_portraits(dataset, HELD, None, 0, lambda done, total: None)

    for index in (0, 1):
        puppet = Puppet.of(np.array(dataset.pictures[index, 0]), dataset.keypoints[index, 0], PersonMatte())
        given = (
            held_poses(dataset, index, 0, [2]).keypoints if is_in_share(index, HELD) else dataset.keypoints[index, [2]]
        )
        assert np.array_equal(moved.puppets[index, 2], puppet.moved(given[0]))
        assert np.array_equal(moved.plates[index], puppet.plate)


def test_a_portrait_is_moved_from_the_pose_that_a_detector_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, detector = build(tmp_path), network_file(PACKAGED_WEIGHTS, KEYPOINTS)
    picture, true_pose = drawn(900201).clip.render([0], 128)[0], drawn(900201).keypoints[0]

    found = own_pose(picture, true_pose, detector)
    monkeypatch.setattr(moved_portraits, "own_pose", lambda portrait, pose, file: pose + np.float32([3, 2, 0]))
    moved = move_portraits(dataset, HELD, detector, 0, lambda done, total: None)

    seen = found[:, 2] > 0
    off = np.linalg.norm(found[seen, :2] - true_pose[seen, :2], axis=1)
    assert 0.5 < off.mean() < 4  # px of 512
    index = next(index for index in range(NUM_CLIPS) if not is_in_share(index, HELD))
    portrait, own, pose = np.array(dataset.pictures[index, 0]), dataset.keypoints[index, 0], dataset.keypoints[index, 2]
    of_found, of_true = (Puppet.of(portrait, each, PersonMatte()) for each in (own + np.float32([3, 2, 0]), own))
    assert np.array_equal(moved.puppets[index, 2], of_found.moved(pose))
    assert not np.array_equal(moved.puppets[index, 2], of_true.moved(pose))


def test_whom_a_detector_does_not_find_is_moved_from_the_true_pose(dataset: PresenterDataset) -> None:
    nobody, true_pose = np.full((128, 128, 3), 90, np.uint8), dataset.keypoints[0, 0]

    assert own_pose(nobody, true_pose, network_file(PACKAGED_WEIGHTS, KEYPOINTS)) is true_pose
    assert own_pose(nobody, true_pose, None) is true_pose


def test_a_detector_that_is_not_there_is_told_before_anything_is_moved(
    dataset: PresenterDataset, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="absent; portraits are moved from the pose that it finds"):
        move_portraits(dataset, HELD, tmp_path / "none.safetensors", 0, lambda done, total: None)


def test_portraits_moved_with_other_mouths_are_refused(dataset: PresenterDataset) -> None:
    move_portraits(dataset, HELD, None, 0, lambda done, total: None)

    with pytest.raises(MadeDataError, match="was moved otherwise: held_mouths"):
        move_portraits(dataset, 0.2, None, 0, lambda done, total: None)


def test_a_network_that_sees_bones_learns_on_one_batch(pairs: FramePairs, dataset: PresenterDataset) -> None:
    seeing = replace(pairs, moved=move_portraits(dataset, HELD, None, 0, lambda done, total: None))
    torch.manual_seed(0)
    ends = DetailNetwork(DetailNetworkConfig(widths=(16, 16, 16), sees_bones=True))

    found = losses_over_steps(DetailTraining(ends, seeing, CONFIG), batch_of(seeing), steps=20)

    assert found[-1] < 0.9 * found[0]


def test_the_packaged_configuration_sees_bones_and_learns_photographs_and_blinks() -> None:
    options = read_configuration("demo-details").options

    assert MMGT_DEMO.details is not None
    assert options["sees_bones"] is MMGT_DEMO.details.sees_bones is True
    assert (options["presenters"]["photographs"], options["training"]["eyes_weight"]) == (0.5, 4.0)


def test_some_clips_evenly_among_the_others_are_drawn_with_a_resting_mouth_and_seen_so(
    tmp_path: Path, stage_2: Path
) -> None:
    presenters = with_another_mouth_at_rest(build(tmp_path))

    drawn = draw(presenters, stage_2)

    moving = presenters.pose_images[:, 1:]
    shares = [(drawn.poses[index, 1:] != moving[index]).any() for index in range(NUM_CLIPS)]
    assert shares == [is_in_share(index, HELD) for index in range(NUM_CLIPS)] == [False, True] * (NUM_CLIPS // 2)
    assert np.array_equal(drawn.poses[:, 0], presenters.pose_images[:, 0])
    assert np.array_equal(FramePairs(presenters, drawn, CONFIG).evidence(1, [2])[0, POSE], drawn.poses[1, 2])


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


def test_a_folder_that_other_networks_drew_is_refused(tmp_path: Path, stage_2: Path) -> None:
    presenters = build(tmp_path)
    others = {**files(stage_2).hashes(), "vae": "0", "pose_guider": "0", "held_mouths": 0.2}
    (tmp_path / "drawn_by.json").write_text(json.dumps(others))

    with pytest.raises(MadeDataError, match="was drawn otherwise: vae, pose_guider, held_mouths"):
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


@pytest.mark.parametrize("seed", range(3))
def test_crops_show_the_same_place_of_everything_where_cells_begin(pairs: FramePairs, seed: int) -> None:
    item = pairs.item(2, np.random.default_rng(seed))

    keypoints, pictures = pairs.dataset.keypoints[2], pairs.dataset.pictures[2]
    found = []
    for frame, y, x in product(range(1, NUM_FRAMES), range(0, 40, 8), range(0, 40, 8)):
        place = slice(y, y + 32), slice(x, x + 32)
        evidence, is_mouth = pairs.evidence(2, [frame])[0], mouth_pixels(keypoints[frame], 64)[place]
        is_eye = eye_pixels(keypoints[frame], 64)[place]
        alike = [
            np.sort(item["truth"][0], axis=-1) == np.sort(pictures[frame][place], axis=-1),
            np.sort(item["evidence"][0], axis=-1) == np.sort(evidence[:, *place], axis=-1),
            item["is_mouth"][0].numpy() == is_mouth,
            item["is_eye"][0].numpy() == is_eye,
        ]
        found += [(frame, y, x)] if all(part.all() for part in alike) else []
    assert len(found) == 1


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
    nowhere = torch.zeros(1, 2, 16, 16, dtype=torch.bool)
    batch = {"evidence": evidence, "truth": truth, "is_mouth": nowhere, "is_eye": nowhere}

    losses = process.losses(batch, torch.Generator())

    assert (losses["flicker"] > 0.1) == flickers


def test_errors_at_lips_and_eyes_weigh_as_configured(pairs: FramePairs) -> None:
    nowhere, somewhere = torch.zeros(1, 2, 16, 16, dtype=torch.bool), torch.zeros(1, 2, 16, 16, dtype=torch.bool)
    somewhere[..., :8, :] = True
    truth = torch.full((1, 2, 16, 16, 3), 30, dtype=torch.uint8)
    batch = {"evidence": torch.zeros(1, 2, 7, 16, 16, 3, dtype=torch.uint8), "truth": truth}
    process = DetailTraining(network(), pairs, replace(CONFIG, lips_weight=2.0, eyes_weight=6.0))
    process._network = Draws()

    plain, at_eyes, at_mouth, at_both = (
        float(process.losses({**batch, "is_mouth": mouth, "is_eye": eyes}, torch.Generator())["pixel"])
        for mouth, eyes in product((nowhere, somewhere), (nowhere, somewhere))
    )

    assert (at_eyes / plain, at_mouth / plain, at_both / plain) == pytest.approx((4.0, 2.0, 5.0))


def test_samples_show_frames_before_and_after_and_the_truth(pairs: FramePairs, tmp_path: Path) -> None:
    DetailTraining(network().eval(), pairs, CONFIG).sample(tmp_path, 3)

    before, _, truth = np.split(np.asarray(Image.open(tmp_path / "0000003.png").convert("RGB")), 3)
    held_back = pairs.dataset.held_back_clips
    assert np.array_equal(before, np.concatenate(list(pairs.drawn.drawn[held_back, -1]), axis=1))
    assert np.array_equal(truth, np.concatenate(list(pairs.dataset.pictures[held_back, -1]), axis=1))


def test_what_cannot_be_trained_is_said_before_anything_is_drawn(tmp_path: Path, stage_2: Path) -> None:
    read = read_configuration("demo-details")
    there = {"start": str(stage_2), "vae": str(stage_2 / "vae.safetensors")}

    def prepare(**options: object) -> None:
        changed = replace(read, options={**read.options, **there, **options})
        prepare_details(changed, tmp_path, 0, lambda done, total: None)

    training = read.options["training"]
    for message, options in {
        "mmgt-512 has no network that ends frames": {"preset": "mmgt-512"},
        "crop is 60; it must be a multiple of 8": {"training": {**training, "crop": 60}},
        "crop is 136; mmgt-demo draws 128 px": {"training": {**training, "crop": 136}},
        "frames_per_clip is 1; it must be 2 or more": {
            "presenters": {"num_clips": 10, "first_seed": 5, "frames_per_clip": 1}
        },
        "nowhere/denoising_unet.safetensors.*: absent": {"start": "nowhere"},
        "nothing.safetensors: absent": {"vae": "nothing.safetensors"},
    }.items():
        with pytest.raises(ConfigurationError, match=message):
            prepare(**options)
    assert not list(tmp_path.iterdir())

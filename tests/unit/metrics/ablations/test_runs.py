"""Laws of the trainings behind table V, and of the method with something taken out."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.errors import WeightsError
from mmgt_core.load import load_pipeline
from mmgt_core.metrics.ablations.rows import ABLATIONS
from mmgt_core.metrics.ablations.runs import PlannedRow, ablated, planned_rows, seed_folder
from mmgt_core.metrics.presenter_system import PipelineSystem, untrained_stage_1
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.smga.model import SMGA
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.configuration import packaged_names
from mmgt_core.types import MaskMotion, PoseSequence

BY_NAME = {ablation.name: ablation for ablation in ABLATIONS}
WITHOUT_FILM = BY_NAME["ablation-without-film"]
WHOLE_1, WHOLE_2 = "ablation-whole-stage-1", "ablation-whole-stage-2"


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> PipelineSystem:
    pipeline = load_pipeline(MMGT_DEMO, tmp_path_factory.mktemp("weights"), torch.device("cpu"), torch.float32)
    return PipelineSystem(pipeline, SamplingOptions(num_inference_steps=1, pose_inference_steps=2), LandmarkDetector())


def plan(runs: Path, *trained: tuple[str, int]) -> dict[str, PlannedRow]:
    """The rows of a folder in which some seeds of some rows are trained."""
    for name, seed in trained:
        folder = seed_folder(runs, name, seed)
        folder.mkdir(parents=True)
        (folder / "smga.safetensors").touch()
    return {row.ablation.name: row for row in planned_rows(runs)}


def test_every_row_that_is_trained_has_a_training_configuration_of_its_name() -> None:
    assert {name for name, ablation in BY_NAME.items() if ablation.has_finisher} <= set(packaged_names())


def test_every_training_that_has_left_its_networks_is_measured_and_no_other(tmp_path: Path) -> None:
    unfinished = seed_folder(tmp_path, WITHOUT_FILM.name, 2)
    unfinished.mkdir(parents=True)

    rows = plan(tmp_path, *[(name, seed) for name in (WHOLE_1, WITHOUT_FILM.name) for seed in (0, 1)])

    folders = {seed: seed_folder(tmp_path, WITHOUT_FILM.name, seed) for seed in (0, 1)}
    assert rows[WITHOUT_FILM.name].trainings == folders
    assert rows[WITHOUT_FILM.name].note == "trained so"


def test_what_only_training_can_leave_out_is_not_measured_without_its_weights(tmp_path: Path) -> None:
    rows = plan(tmp_path, (WHOLE_1, 0))

    found = rows[WITHOUT_FILM.name]
    assert found.trainings == {}
    assert "not measured: no weights in ablation-without-film/seed-K" in found.note
    assert "mmgt train smga --config ablation-without-film" in found.note


def test_a_row_without_weights_of_its_own_is_every_training_of_the_whole_method_with_something_left_out(
    tmp_path: Path,
) -> None:
    rows = plan(tmp_path, *[(WHOLE_2, seed) for seed in (0, 1, 2)])

    found = rows["ablation-without-finisher"]
    assert found.trainings == {seed: seed_folder(tmp_path, WHOLE_2, seed) for seed in (0, 1, 2)}
    assert found.note == "the whole method's weights, left out when sampling"


def test_where_nothing_was_trained_the_given_weights_are_measured(tmp_path: Path) -> None:
    rows = plan(tmp_path)

    assert rows[WHOLE_2].trainings == rows["ablation-still-mask"].trainings == {0: None}
    assert rows["ablation-still-mask"].note == "the given weights, left out when sampling"


def test_what_was_trained_is_compared_with_nothing_but_the_whole_method_trained_from_the_same_seed(
    tmp_path: Path,
) -> None:
    rows = plan(tmp_path, (WITHOUT_FILM.name, 0), (WHOLE_2, 1), ("ablation-still-mask", 0), ("ablation-still-mask", 1))

    assert rows[WITHOUT_FILM.name].trainings == {}
    assert rows[WITHOUT_FILM.name].note == f"not measured: {WHOLE_1} was trained from none of its seeds"
    assert set(rows["ablation-still-mask"].trainings) == {1}


def test_masks_speech_and_finisher_are_left_out_when_sampling(system) -> None:
    still, deaf, unfinished = (
        ablated(system, BY_NAME[f"ablation-{name}"], None)
        for name in ("still-mask", "without-stage-2-audio", "without-finisher")
    )

    assert still.options.mask_motion is MaskMotion.STILL
    assert not deaf.hears_in_stage_2
    assert system.pipeline.detail_network is not None
    assert unfinished.pipeline.detail_network is None


def test_weights_of_an_ablation_are_taken_into_its_own_network_and_the_whole_method_keeps_its_own(
    system, tmp_path
) -> None:
    network = SMGA(replace(MMGT_DEMO.smga, has_film=False))
    save_file(network.state_dict(), tmp_path / "smga.safetensors")
    before = system.pipeline.audio_to_pose.smga

    found = ablated(system, WITHOUT_FILM, tmp_path)

    taken = found.pipeline.audio_to_pose.smga.state_dict()
    assert all(torch.equal(value, taken[name]) for name, value in network.state_dict().items())
    assert system.pipeline.audio_to_pose.smga is before


def test_every_network_of_a_run_of_stage_2_is_taken(system, tmp_path) -> None:
    def networks(whole: PipelineSystem) -> dict[str, nn.Module]:
        render = whole.pipeline.pose_to_video
        return {
            "denoising_unet": render.denoising_unet,
            "reference_unet": render.reference_unet,
            "image_encoder": render.image_encoder,
            "pose_guider": whole.pipeline.pose_guider,
            "audio_projection": whole.pipeline.audio_projection,
        }

    trained = {
        name: {key: value + 1 if value.is_floating_point() else value for key, value in network.state_dict().items()}
        for name, network in networks(system).items()
    }
    for name, weights in trained.items():
        save_file({key: value.contiguous() for key, value in weights.items()}, tmp_path / f"{name}.safetensors")

    found = ablated(system, BY_NAME["ablation-without-motion-mask"], tmp_path)

    for name, network in networks(found).items():
        taken = network.state_dict()
        assert all(torch.equal(value, taken[key]) for key, value in trained[name].items()), name


def test_a_file_that_is_named_for_no_network_is_refused_by_name(system, tmp_path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "image_encodr.safetensors")

    with pytest.raises(WeightsError, match=r"image_encodr\.safetensors: named for no network .* image_encoder"):
        ablated(system, BY_NAME["ablation-without-motion-mask"], tmp_path)


def test_weights_of_another_network_are_refused_by_file(system, tmp_path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "smga.safetensors")

    with pytest.raises(WeightsError, match=r"smga\.safetensors: not the weights of ablation-without-film"):
        ablated(system, WITHOUT_FILM, tmp_path)


def test_a_system_with_another_seed_draws_other_frames_and_keeps_the_rest(system) -> None:
    other = system.seeded(system.options.seed + 1)

    assert other == replace(system, options=replace(system.options, seed=system.options.seed + 1))


def test_the_untrained_system_renders_and_rebuilds_what_it_is_given_and_without_speech_hears_no_difference(
    system,
) -> None:
    clip = synthetic_clip(FIRST_HELD_OUT_SEED, 1)
    reference = clip.render([clip.reference_frame], 512)[0]
    poses = PoseSequence(clip.pose_sequence.keypoints[:6])
    deaf = replace(system, hears_in_stage_2=False)

    frames = system.render(reference, poses.keypoints[0], poses, None)

    assert frames.shape == (6, 128, 128, 3)
    assert (frames == deaf.render(reference, poses.keypoints[0], poses, clip.waveform)).all()
    assert system.rebuild(clip.render(range(2), 128)).shape == (2, 128, 128, 3)
    assert len(untrained_stage_1(system).speak(poses.keypoints[0], clip.waveform)) == 25

"""Laws of table V's ablations."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mmgt_core.config import MMGT_DEMO, SamplingOptions
from mmgt_core.errors import WeightsError
from mmgt_core.load import load_pipeline
from mmgt_core.metrics import ablations
from mmgt_core.metrics.ablations import (
    ABLATIONS,
    COLUMNS,
    LOWER_IS_BETTER,
    AblationRow,
    ablated,
    ablation_numbers,
    ablation_page,
    measure_ablations,
    measure_system,
)
from mmgt_core.metrics.image import EQUAL_DB
from mmgt_core.metrics.pose_autoencoder import train_pose_autoencoder
from mmgt_core.metrics.presenter_system import PipelineSystem, untrained_stage_1
from mmgt_core.pose.landmarks import LandmarkDetector
from mmgt_core.smga.model import SMGA
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip
from mmgt_core.training.machinery.configuration import packaged_names
from mmgt_core.types import MaskMotion, PoseSequence
from tests.unit.metrics.knowing_system import KnowingSystem

BY_NAME = {ablation.name: ablation for ablation in ABLATIONS}
WITHOUT_FILM = BY_NAME["ablation-without-film"]


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> PipelineSystem:
    pipeline = load_pipeline(MMGT_DEMO, tmp_path_factory.mktemp("weights"), torch.device("cpu"), torch.float32)
    return PipelineSystem(pipeline, SamplingOptions(num_inference_steps=1, pose_inference_steps=2), LandmarkDetector())


def test_every_row_of_the_paper_has_a_training_configuration_of_its_name() -> None:
    assert {name for name, ablation in BY_NAME.items() if ablation.paper} <= set(packaged_names())


def test_the_portraits_details_are_left_out_when_sampling(system, tmp_path) -> None:
    found, note = ablated(system, BY_NAME["ablation-without-portrait-details"], tmp_path)

    assert found is not None
    assert system.pipeline.detail_network is not None
    assert found.pipeline.detail_network is None
    assert "left out when sampling" in note


def test_masks_and_speech_are_left_out_when_sampling_where_no_weights_of_their_own_are(system, tmp_path) -> None:
    still, note = ablated(system, BY_NAME["ablation-still-mask"], tmp_path / "absent")
    deaf, _ = ablated(system, BY_NAME["ablation-without-stage-2-audio"], tmp_path / "absent")

    assert still is not None
    assert deaf is not None
    assert still.options.mask_motion is MaskMotion.STILL
    assert not deaf.hears_in_stage_2
    assert "left out when sampling" in note


def test_what_only_training_can_leave_out_is_not_measured_without_its_weights(system, tmp_path) -> None:
    found, note = ablated(system, WITHOUT_FILM, tmp_path / WITHOUT_FILM.name)

    assert found is None
    assert "not measured: no weights in ablation-without-film/" in note
    assert "mmgt train smga --config ablation-without-film" in note


def test_weights_of_an_ablation_are_taken_into_its_own_network_and_the_whole_method_keeps_its_own(
    system, tmp_path
) -> None:
    network = SMGA(replace(MMGT_DEMO.smga, has_film=False))
    save_file(network.state_dict(), tmp_path / "smga.safetensors")
    before = system.pipeline.audio_to_pose.smga

    found, note = ablated(system, WITHOUT_FILM, tmp_path)

    assert found is not None
    taken = found.pipeline.audio_to_pose.smga.state_dict()
    assert all(torch.equal(value, taken[name]) for name, value in network.state_dict().items())
    assert system.pipeline.audio_to_pose.smga is before
    assert note == "trained so"


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

    found, note = ablated(system, BY_NAME["ablation-without-motion-mask"], tmp_path)

    assert found is not None
    assert note == "trained so"
    for name, network in networks(found).items():
        taken = network.state_dict()
        assert all(torch.equal(value, taken[key]) for key, value in trained[name].items()), name


def test_a_file_that_is_named_for_no_network_is_refused_by_name(system, tmp_path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "image_encodr.safetensors")

    with pytest.raises(WeightsError, match=r"image_encodr\.safetensors: named for no network .* image_encoder"):
        ablated(system, BY_NAME["ablation-without-motion-mask"], tmp_path)


def test_a_perfect_system_has_the_best_of_every_column_and_one_that_stands_still_less_of_each() -> None:
    clips = [synthetic_clip(FIRST_HELD_OUT_SEED + index, 2) for index in range(2)]
    network = train_pose_autoencoder([clip.pose_sequence for clip in clips], num_steps=4)

    perfect, still = (
        dict(zip(COLUMNS, measure_system(KnowingSystem(clips, is_still), clips, network), strict=True))
        for is_still in (False, True)
    )

    assert perfect["FGD"] == pytest.approx(0, abs=1e-6)
    assert (perfect["face PSNR"], perfect["video PSNR"]) == (EQUAL_DB, EQUAL_DB)
    # Variances of flat pictures are small differences of float32: equal ones come out at 0.9998.
    assert [perfect[name] for name in ("face SSIM", "video SSIM")] == pytest.approx([1, 1], abs=1e-3)
    assert perfect["lips"] > 0.9
    assert still["FGD"] > perfect["FGD"]
    assert all(still[name] < perfect[name] for name in COLUMNS if name not in LOWER_IS_BETTER)


def test_an_ablation_is_compared_with_the_whole_method_that_was_trained_as_long(system, tmp_path, monkeypatch) -> None:
    """Only stage 1's whole method and one ablation of it were trained; stage 2's rows have nothing to do with them."""
    for name, has_film in (("ablation-whole-stage-1", True), ("ablation-without-film", False)):
        network = SMGA(replace(MMGT_DEMO.smga, has_film=has_film))
        (tmp_path / name).mkdir()
        save_file(network.state_dict(), tmp_path / name / "smga.safetensors")
    measured: list[PipelineSystem] = []

    def remember(changed: PipelineSystem, *_: object) -> tuple[float, ...]:
        measured.append(changed)
        return (float(len(measured)),) * len(COLUMNS)

    monkeypatch.setattr(ablations, "measure_system", remember)

    rows = measure_ablations(system, tmp_path, [], None, lambda *_: None)

    networks = [each.pipeline.audio_to_pose.smga for each in measured]
    assert [row.numbers is None for row in rows] == [False, True, False, True, False, False, False, False, False]
    assert networks[2:] == [system.pipeline.audio_to_pose.smga] * 5
    assert networks[0] not in (networks[1], networks[2])
    page = ablation_page(rows, 2, "command")
    assert "without FiLM: FGD | 6.02 against 6.38 | 1.000 against 2.000 | yes" in page
    assert "without speech: FGD | 6.02 against 6.72 | 3.000 against 5.000 | yes" in page


def test_weights_of_another_network_are_refused_by_file(system, tmp_path) -> None:
    save_file({"nothing": torch.zeros(1)}, tmp_path / "smga.safetensors")

    with pytest.raises(WeightsError, match=r"smga\.safetensors: not the weights of ablation-without-film"):
        ablated(system, WITHOUT_FILM, tmp_path)


def test_numbers_like_the_papers_have_all_its_orderings_and_reversed_ones_none() -> None:
    alike = [AblationRow(item, item.paper, "") for item in ABLATIONS if item.paper]
    reversed_ones = [
        AblationRow(row.ablation, tuple(-number for number in row.ablation.paper), row.note) for row in alike
    ]

    page, other = ablation_page(alike, 12, "command"), ablation_page(reversed_ones, 12, "command")

    number = sum(not row.ablation.is_whole for row in alike) * (len(COLUMNS) - 1)
    assert ablation_numbers(alike, "command")["rows"][0]["numbers"]["FGD"] == ABLATIONS[0].paper[0]
    assert (page.count("| yes |"), page.count("| **no** |")) == (number, 0)
    assert (other.count("| yes |"), other.count("| **no** |")) == (0, number)


def test_numbers_that_are_printed_alike_order_nothing() -> None:
    whole, without = BY_NAME["ablation-whole-stage-2"], BY_NAME["ablation-without-stage-2-audio"]
    rows = [AblationRow(item, (number,) * len(COLUMNS), "") for item, number in ((whole, 0.76512), (without, 0.76508))]

    page = ablation_page(rows, 2, "command")

    assert page.count("| equal |") == len(COLUMNS) - 1
    assert "| yes |" not in page
    assert "| **no** |" not in page


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

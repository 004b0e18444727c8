"""A preset that is another one sampled otherwise: whose weights it takes, wherever they are looked for."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmgt_core.checkpoints.folders import WeightsIndex, default_preset, find_preset, preset_folder, require_weights
from mmgt_core.checkpoints.packaged import STUDENT, packaged_networks
from mmgt_core.config import MMGT_DEMO, MMGT_DEMO_GUIDED, SamplingOptions
from mmgt_core.errors import WeightsError
from mmgt_core.load import load_pipeline
from mmgt_core.load_stage_1 import load_audio_to_pose
from mmgt_core.quality import Quality, VideoSampling, WindowSchedule


def test_the_guided_variant_is_the_small_preset_but_for_how_it_samples() -> None:
    variant = find_preset("mmgt-demo-guided")

    assert SamplingOptions().video_sampling(variant) == VideoSampling(30, 3.5)
    sampled = ("num_inference_steps", "guidance_scale", "faster_modes", "default_quality")
    own = {name: getattr(MMGT_DEMO, name) for name in ("name", "variant_of", *sampled)}
    assert replace(variant, **own) == MMGT_DEMO


def test_a_variant_has_the_packaged_weights_of_its_preset(tmp_path: Path) -> None:
    own, variant = (
        load_pipeline(preset, tmp_path, torch.device("cpu"), torch.float32) for preset in (MMGT_DEMO, MMGT_DEMO_GUIDED)
    )

    assert {name: hash_ for name, hash_ in variant.weights.items() if name != STUDENT} == own.weights
    assert variant.preset is MMGT_DEMO_GUIDED
    networks = [pipeline.pose_to_video.denoising_unet for pipeline in (own, variant)]
    assert torch.equal(*(network.conv_in.weight for network in networks))


def test_the_guided_variant_alone_has_a_student_and_its_fastest_mode_is_his(tmp_path: Path) -> None:
    own, variant = (
        load_pipeline(preset, tmp_path, torch.device("cpu"), torch.float32) for preset in (MMGT_DEMO, MMGT_DEMO_GUIDED)
    )

    teacher, student = variant.pose_to_video.denoising_unets
    assert own.pose_to_video.student_unet is None
    assert variant.modes[-1] == VideoSampling(
        4, 1.0, quality=Quality.TURBO, window_schedule=WindowSchedule.SHIFTED, is_distilled=True
    )
    assert Quality.TURBO not in {mode.quality for mode in own.modes}
    shared = [a is b for a, b in zip(teacher.parameters(), student.parameters(), strict=True)]
    in_common = sum(value.numel() for value, is_shared in zip(teacher.parameters(), shared, strict=True) if is_shared)
    assert in_common > 0.98 * sum(value.numel() for value in teacher.parameters())
    assert not torch.equal(teacher.conv_out.weight, student.conv_out.weight)


def test_a_variant_has_the_folder_of_its_preset(tmp_path: Path) -> None:
    folder = preset_folder(tmp_path, MMGT_DEMO)
    folder.mkdir()
    WeightsIndex(MMGT_DEMO.name, {}, {}).write(folder)

    assert preset_folder(tmp_path, MMGT_DEMO_GUIDED) == folder
    require_weights(tmp_path, MMGT_DEMO_GUIDED, packaged_networks(MMGT_DEMO_GUIDED))  # raises for another preset's


def test_a_variant_is_never_served_unasked(tmp_path: Path) -> None:
    assert default_preset(tmp_path) is MMGT_DEMO


def test_a_preset_s_own_folder_in_place_of_the_one_above_it_is_refused_by_name(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    WeightsIndex(MMGT_DEMO.name, {}, {}).write(own)

    for load in (
        lambda: load_pipeline(MMGT_DEMO, own, torch.device("cpu"), torch.float32),
        lambda: load_audio_to_pose(MMGT_DEMO, own, torch.device("cpu")),
        lambda: default_preset(own),
    ):
        with pytest.raises(WeightsError, match=r"mine holds the weights of one preset; give the folder above it"):
            load()

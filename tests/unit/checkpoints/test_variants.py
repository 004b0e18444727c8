"""A preset that is another one sampled otherwise: whose weights it takes, wherever they are looked for."""

from dataclasses import replace
from pathlib import Path

import torch

from mmgt_core.checkpoints.folders import WeightsIndex, default_preset, find_preset, preset_folder, require_weights
from mmgt_core.checkpoints.packaged import packaged_networks
from mmgt_core.config import MMGT_DEMO, MMGT_DEMO_GUIDED, SamplingOptions
from mmgt_core.load import load_pipeline
from mmgt_core.quality import VideoSampling


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

    assert variant.weights == own.weights
    assert variant.preset is MMGT_DEMO_GUIDED
    networks = [pipeline.pose_to_video.denoising_unet for pipeline in (own, variant)]
    assert torch.equal(*(network.conv_in.weight for network in networks))


def test_a_variant_has_the_folder_of_its_preset(tmp_path: Path) -> None:
    folder = preset_folder(tmp_path, MMGT_DEMO)
    folder.mkdir()
    WeightsIndex(MMGT_DEMO.name, {}, {}).write(folder)

    assert preset_folder(tmp_path, MMGT_DEMO_GUIDED) == folder
    require_weights(tmp_path, MMGT_DEMO_GUIDED, packaged_networks(MMGT_DEMO_GUIDED))  # raises for another preset's


def test_a_variant_is_never_served_unasked(tmp_path: Path) -> None:
    assert default_preset(tmp_path) is MMGT_DEMO

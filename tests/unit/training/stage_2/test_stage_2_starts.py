"""What stage 2's processes start from, and prepared videos as what they learn from."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.checkpoints.untrained import sinusoidal_positions
from mmgt_core.keypoints import Float32Array
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.stage_2.clips import ClipWindows, ReferenceTargets
from mmgt_core.training.stage_2.image import ImageTraining
from mmgt_core.training.stage_2.prepared_clips import PreparedClips
from mmgt_core.training.stage_2.starts import image_networks, video_networks, write_process_1
from mmgt_core.types import UInt8Array
from mmgt_core.unet.denoising_unet import DenoisingUNet
from tests.unit.training.learning import batch_of, losses_over_steps
from tests.unit.training.presenters.tiny_presenters import TINY, StandIn
from tests.unit.training.stage_2.test_stage_2_training import IMAGE

CPU = torch.device("cpu")


def save(network: torch.nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)


def networks(preset=TINY) -> Networks:
    torch.manual_seed(4)
    return build_networks(preset)


def test_process_2_can_start_from_what_finished_networks_have_of_process_1(tmp_path: Path) -> None:
    whole = networks()
    names = ("denoising_unet", "reference_unet", "pose_guider", "image_encoder")
    for name in names:
        save(getattr(whole, name), tmp_path / "whole" / f"{name}.safetensors")

    write_process_1(tmp_path / "whole", TINY, tmp_path / "start")

    started = video_networks(TINY, whole.vae, tmp_path / "start", seed=9)
    for name in names[1:]:
        kept = getattr(started, name).state_dict()
        assert all(torch.equal(value, kept[key]) for key, value in getattr(whole, name).state_dict().items())
    kept, finished = started.denoising_unet.state_dict(), whole.denoising_unet.state_dict()
    spatial = DenoisingUNet(TINY.unet, spatial_only=True).state_dict()
    assert all(torch.equal(kept[key], finished[key]) for key in spatial)
    assert any(not torch.equal(kept[key], finished[key]) for key in kept.keys() - spatial.keys())


def test_process_1_starts_from_stable_diffusion_with_a_pose_guider_that_adds_nothing(tmp_path: Path) -> None:
    preset = replace(TINY, unet=replace(TINY.unet, cross_attention_dim=64))
    config = preset.unet
    unet = UNet2DConditionModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        cross_attention_dim=config.cross_attention_dim,
        attention_head_dim=config.num_heads,
        norm_num_groups=config.norm_num_groups,
    )
    save(unet, tmp_path / "unet.safetensors")
    save(networks().image_encoder, tmp_path / "image_encoder.safetensors")

    started = image_networks(preset, networks().vae, tmp_path, seed=0)

    for network in (started.denoising_unet, started.reference_unet):
        assert torch.equal(network.conv_in.weight, unet.conv_in.weight)
    assert not any(value.any() for value in started.pose_guider.conv_out.parameters())


def test_process_2_starts_from_process_1_with_positions_and_silent_modules(tmp_path: Path) -> None:
    built = networks()
    spatial = DenoisingUNet(TINY.unet, spatial_only=True)
    save(spatial, tmp_path / "denoising_unet.safetensors")
    for name in ("reference_unet", "pose_guider", "image_encoder"):
        save(built.named()[name], tmp_path / f"{name}.safetensors")

    started = video_networks(TINY, built.vae, tmp_path, seed=0)

    motion = started.denoising_unet.mid_block.motion_module
    assert torch.equal(started.denoising_unet.conv_in.weight, spatial.conv_in.weight)
    assert torch.equal(started.reference_unet.conv_in.weight, built.reference_unet.conv_in.weight)
    assert torch.equal(motion.block.attn1.position[0], sinusoidal_positions(32, 16))
    assert not motion.proj_out.weight.any()


def test_process_2_goes_on_from_another_run_of_it(tmp_path: Path) -> None:
    built = networks()
    names = ("denoising_unet", "reference_unet", "pose_guider", "image_encoder", "audio_projection")
    for name in names:
        save(getattr(built, name), tmp_path / f"{name}.safetensors")

    started = video_networks(TINY, built.vae, tmp_path, seed=9)

    for name in names:
        kept = getattr(started, name).state_dict()
        assert all(torch.equal(value, kept[key]) for key, value in getattr(built, name).state_dict().items())


def test_what_a_process_starts_from_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"reference_unet\.safetensors is absent"):
        video_networks(TINY, networks().vae, tmp_path, seed=0)


@dataclass(frozen=True)
class FakeWindow:
    """A prepared window, out of a stand-in."""

    @property
    def keypoints(self) -> Float32Array:
        return StandIn(1, length=80).pose_sequence.keypoints

    def pictures(self, frames: list[int]) -> UInt8Array:
        return StandIn(1, length=80).render(frames, 512)

    def speech_features(self, frames: list[int]) -> torch.Tensor:
        return torch.randn(len(frames), 5, 1, TINY.wav2vec.hidden_size)


def test_prepared_videos_are_encoded_as_they_come() -> None:
    source = ReferenceTargets(PreparedClips([FakeWindow()], TINY), num_targets=2, reference="random")
    started = image_networks(TINY, networks().vae, None, seed=0)
    process = ImageTraining(TINY, started, [], IMAGE)

    found = losses_over_steps(process, batch_of(source, 1), steps=8)

    assert found[-1] < 0.95 * found[0]


def test_a_clips_first_frame_is_its_reference_where_asked() -> None:
    source = ClipWindows(PreparedClips([FakeWindow()], TINY), num_frames=4, reference="first")

    item = source.item(0, np.random.default_rng(2))

    assert torch.equal(item["reference_picture"], item["pictures"][0])
    assert item["speech"].shape == (4, 5, 1, TINY.wav2vec.hidden_size)

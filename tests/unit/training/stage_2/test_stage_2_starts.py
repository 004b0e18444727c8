"""From configurations to runs to the package: what stage 2's processes start from, and what is exported."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file

from mmgt_core import load
from mmgt_core.checkpoints import detector
from mmgt_core.checkpoints.folders import WeightsIndex
from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.checkpoints.untrained import sinusoidal_positions
from mmgt_core.config import MMGT_512, MMGT_DEMO, PRESENTER_DETAILS, PRESENTER_KEYPOINTS, PRESETS
from mmgt_core.errors import MMGTError, WeightsError
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.keypoints import Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.pose.detector_choice import FirstThatSees
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.smga.model import SMGA
from mmgt_core.training.demo.export import export_demo_weights
from mmgt_core.training.demo.steps import STEPS, main
from mmgt_core.training.machinery.configuration import ConfigurationError, fill, packaged_names, read_configuration
from mmgt_core.training.processes.by_name import PROCESSES
from mmgt_core.training.processes.distillation import DistillOptions
from mmgt_core.training.processes.presenters import KeypointOptions, VAEOptions
from mmgt_core.training.processes.stage_2 import ImageOptions, VideoOptions
from mmgt_core.training.stage_2.clips import ClipWindows, ReferenceTargets
from mmgt_core.training.stage_2.image import ImageTraining
from mmgt_core.training.stage_2.prepared_clips import PreparedClips
from mmgt_core.training.stage_2.starts import image_networks, video_networks, write_process_1
from mmgt_core.types import UInt8Array
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.student import StudentDifferences
from tests.unit.training.presenters.tiny_presenters import TINY, StandIn
from tests.unit.training.stage_2.test_stage_2_training import IMAGE, batch_of, losses_over_steps

OPTIONS = {
    "vae": VAEOptions,
    "keypoints": KeypointOptions,
    "image": ImageOptions,
    "video": VideoOptions,
    "distill": DistillOptions,
}
CPU = torch.device("cpu")


def save(network: torch.nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)


def networks(preset=TINY) -> Networks:
    torch.manual_seed(4)
    return build_networks(preset)


def stage_2_configurations() -> list[str]:
    return [name for name in packaged_names() if read_configuration(name).process in OPTIONS]


@pytest.mark.parametrize("name", stage_2_configurations())
def test_every_packaged_configuration_of_stage_2_has_its_processs_keys(name: str) -> None:
    configuration = read_configuration(name)

    options = fill(OPTIONS[configuration.process], configuration.options, name)

    assert options.preset in PRESETS
    assert configuration.process in PROCESSES


def test_the_configurations_that_the_method_names_are_there() -> None:
    wanted = {"demo-vae", "demo-keypoints", "demo-image", "demo-video"}
    wanted |= {"published-image", "published-video", "paper-video"}
    wanted |= {f"ablation-{name}" for name in ("without-motion-mask", "without-stage-2-audio", "still-mask")}

    assert wanted <= set(stage_2_configurations())


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


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's networks, random, as finished runs leave them, exported as the package's."""
    built, runs = networks(MMGT_DEMO), tmp_path / "runs"
    for name in ("denoising_unet", "reference_unet", "pose_guider", "audio_projection", "image_encoder"):
        save(built.named()[name], runs / "video" / f"{name}.safetensors")
    save(built.smga, runs / "smga" / "smga.safetensors")
    save(built.vae, runs / "vae" / "standardised" / "vae.safetensors")
    save(KeypointNetwork(PRESENTER_KEYPOINTS), runs / "keypoints" / "keypoints.safetensors")
    save(DetailNetwork(PRESENTER_DETAILS), runs / "details" / "detail_network.safetensors")
    target = tmp_path / "demo_weights"
    export_demo_weights(runs, target)
    monkeypatch.setattr(load, "PACKAGED_WEIGHTS", target)
    monkeypatch.setattr(detector, "PACKAGED_WEIGHTS", target)
    return target


def test_exported_weights_are_what_the_demo_preset_loads(exported: Path, tmp_path: Path) -> None:
    pipeline = load_pipeline(MMGT_DEMO, tmp_path / "absent", CPU, torch.float32)

    torch.manual_seed(4)
    expected = build_networks(MMGT_DEMO).denoising_unet.conv_in.weight.half().float()
    assert torch.equal(pipeline.pose_to_video.denoising_unet.conv_in.weight, expected)
    assert len(pipeline.weights["denoising_unet"]) == len(pipeline.weights["detail_network"]) == 64
    assert pipeline.detail_network is not None


def test_a_folder_of_the_demos_weights_without_the_network_that_ends_frames_leaves_them_as_they_are(
    exported: Path, tmp_path: Path
) -> None:
    index = WeightsIndex.read(exported)
    networks_ = {name: hash_ for name, hash_ in index.networks.items() if name != "detail_network"}
    WeightsIndex(index.preset, networks_, index.sources).write(exported)

    pipeline = load_pipeline(MMGT_DEMO, tmp_path / "absent", CPU, torch.float32)

    assert pipeline.detail_network is None
    assert "detail_network" not in pipeline.weights


def test_what_another_folder_did_not_train_stays_as_it_was(exported: Path, tmp_path: Path) -> None:
    before = WeightsIndex.read(exported)
    vae_written = (exported / "vae.safetensors").stat().st_mtime_ns
    runs = tmp_path / "later"
    save(SMGA(MMGT_DEMO.smga), runs / "smga" / "smga.safetensors")
    save(networks(MMGT_DEMO).vae, runs / "vae" / "standardised" / "vae.safetensors")  # the very same

    after = export_demo_weights(runs, exported)

    assert {name for name in after.networks if after.networks[name] != before.networks[name]} == {"smga"}
    assert set(after.networks) == set(before.networks)
    assert (exported / "vae.safetensors").stat().st_mtime_ns == vae_written


def test_another_teacher_takes_its_forerunners_student_away(exported: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    teacher = DenoisingUNet(MMGT_DEMO.unet)
    save(StudentDifferences(teacher), tmp_path / "first" / "distill" / "student.safetensors")
    with_student = export_demo_weights(tmp_path / "first", exported)
    save(teacher, tmp_path / "second" / "video" / "denoising_unet.safetensors")

    without = export_demo_weights(tmp_path / "second", exported)

    assert set(with_student.networks) - set(without.networks) == {"student"}
    assert not (exported / "student.safetensors").exists()


def test_a_folder_without_a_finished_training_exports_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no finished training"):
        export_demo_weights(tmp_path, tmp_path / "demo_weights")


def test_a_part_that_is_finished_is_used_beside_what_is_not(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / "part"
    save(networks(MMGT_DEMO).vae, tmp_path / "runs_of_part" / "vae" / "standardised" / "vae.safetensors")
    export_demo_weights(tmp_path / "runs_of_part", part)
    monkeypatch.setattr(load, "PACKAGED_WEIGHTS", part)
    monkeypatch.setattr(detector, "PACKAGED_WEIGHTS", part)

    pipeline = load_pipeline(MMGT_DEMO, tmp_path / "absent", CPU, torch.float32)

    expected = networks(MMGT_DEMO).vae.encoder.conv_in.weight.half().float()
    assert torch.equal(pipeline.pose_to_video.vae.encoder.conv_in.weight, expected)
    assert len(pipeline.weights["vae"]) == 64
    assert pipeline.weights["smga"] == "untrained: random, from a fixed seed"
    assert not isinstance(detector.load_detector(tmp_path, MMGT_DEMO), FirstThatSees)  # no detector in this part


def test_with_exported_weights_the_demo_alone_looks_for_presenters_before_photographs(
    exported: Path, tmp_path: Path
) -> None:
    assert isinstance(detector.load_detector(tmp_path, MMGT_DEMO), FirstThatSees)
    assert not isinstance(detector.load_detector(tmp_path, MMGT_512), FirstThatSees)


def test_exported_weights_fit_the_package(exported: Path) -> None:
    sizes = [path.stat().st_size for path in exported.glob("*.safetensors")]

    assert max(sizes) <= 15_000_000
    assert sum(sizes) <= 30_000_000


def test_a_damaged_file_of_the_package_is_named(exported: Path, tmp_path: Path) -> None:
    (exported / "vae.safetensors").write_bytes(b"no tensors")

    with pytest.raises(WeightsError, match=r"vae\.safetensors is not what was converted"):
        load_pipeline(MMGT_DEMO, tmp_path, CPU, torch.float32)


def test_steps_of_the_demo_are_known_by_name(tmp_path: Path) -> None:
    with pytest.raises(MMGTError, match=f"no step paint; there are {', '.join(STEPS)}"):
        main([str(tmp_path), "paint"])

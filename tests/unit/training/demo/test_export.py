"""From finished runs to the package."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mmgt_core import load
from mmgt_core.checkpoints import detector
from mmgt_core.checkpoints.folders import WeightsIndex
from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.config import MMGT_512, MMGT_DEMO, PRESENTER_DETAILS, PRESENTER_KEYPOINTS
from mmgt_core.errors import WeightsError
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.load import load_pipeline
from mmgt_core.pose.detector_choice import FirstThatSees
from mmgt_core.pose.keypoint_network import KeypointNetwork
from mmgt_core.smga.model import SMGA
from mmgt_core.training.demo.export import export_demo_weights
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.student import StudentDifferences

CPU = torch.device("cpu")


def save(network: torch.nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)


def networks(preset) -> Networks:
    torch.manual_seed(4)
    return build_networks(preset)


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's networks, random, as finished runs leave them, exported as the package's."""
    built, runs = networks(MMGT_DEMO), tmp_path / "runs"
    for name in ("denoising_unet", "reference_unet", "pose_guider", "audio_projection", "image_encoder"):
        save(built.named()[name], runs / "speech" / f"{name}.safetensors")
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
    save(teacher, tmp_path / "second" / "speech" / "denoising_unet.safetensors")

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

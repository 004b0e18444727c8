"""The composition root: which weights are taken, and what is said when they are not there or not whole."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mmgt_core import load as loading
from mmgt_core.checkpoints.convert import convert_weights
from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.checkpoints.folders import INDEX_FILE, default_preset, find_preset, network_file, preset_folder
from mmgt_core.checkpoints.networks import Networks
from mmgt_core.config import MMGT_512, MMGT_DEMO
from mmgt_core.errors import WeightsError
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pose.dwpose import DWPoseDetector
from mmgt_core.pose.landmarks import LandmarkDetector
from tests.small_preset import SMALL
from tests.unit.checkpoints.published_folder import TINY, file_path, random_networks, write_published

CPU = torch.device("cpu")
TOY_NETWORKS = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def converted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_published(folder, random_networks())
    convert_weights(folder, preset_folder(folder, TINY), TINY, lambda name, done, total: None)
    return folder


@pytest.fixture
def weights(converted_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(preset_folder(converted_once, TINY), preset_folder(tmp_path, TINY))
    return tmp_path


def load(weights: Path, dtype: torch.dtype = torch.float32) -> AudioToVideo:
    return load_pipeline(TINY, weights, CPU, dtype)


def index_of(weights: Path) -> dict[str, object]:
    return json.loads((preset_folder(weights, TINY) / INDEX_FILE).read_text())


def test_a_preset_is_found_by_its_name_and_an_unknown_one_is_answered_with_all_names() -> None:
    assert find_preset("mmgt-512") is MMGT_512
    with pytest.raises(WeightsError, match="no preset mmgt-1024; there are mmgt-512, mmgt-demo"):
        find_preset("mmgt-1024")


def test_the_published_preset_is_the_default_once_its_weights_are_whole(tmp_path: Path) -> None:
    folder = preset_folder(tmp_path, MMGT_512)
    folder.mkdir()
    before = default_preset(tmp_path)

    (folder / INDEX_FILE).write_text("{}")

    assert before is MMGT_DEMO
    assert default_preset(tmp_path) is MMGT_512
    assert default_preset(tmp_path / "absent") is MMGT_DEMO


def test_without_weights_the_commands_that_bring_them_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"mmgt-512: no weights in .*`mmgt weights pull` and `mmgt weights convert`"):
        load_pipeline(MMGT_512, tmp_path, CPU, torch.float32)


def test_a_preset_that_nobody_trained_needs_no_folder_and_says_what_is_untrained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "PACKAGED_WEIGHTS", tmp_path / "none")
    preset = replace(MMGT_DEMO, is_trained=False)
    first = load_pipeline(preset, tmp_path / "absent", CPU, torch.float32)
    second = load_pipeline(preset, tmp_path / "absent", CPU, torch.float32)

    assert set(first.weights) == set(Networks.names()) - {"wavlm", "wav2vec"}  # log-mel arithmetic has no weights
    assert set(first.weights.values()) == {"untrained: random, from a fixed seed"}
    assert not (tmp_path / "absent").exists()
    assert torch.equal(first.audio_projection.proj1.weight, second.audio_projection.proj1.weight)


def test_converted_weights_are_loaded_and_named_by_their_hashes(weights: Path) -> None:
    pipeline = load(weights)

    assert pipeline.weights == index_of(weights)["networks"]
    assert set(pipeline.weights) == set(Networks.names())


def test_stage_1_and_the_speech_encoders_stay_in_full_precision(weights: Path) -> None:
    pipeline = load(weights, torch.bfloat16)

    assert pipeline.audio_to_pose.smga.final_layer.weight.dtype == torch.float32
    assert pipeline.audio_to_pose.wavlm.dtype == pipeline.wav2vec.dtype == torch.float32
    assert pipeline.pose_to_video.vae.dtype == torch.bfloat16
    assert pipeline.pose_to_video.denoising_unet.conv_in.weight.dtype == torch.bfloat16


def test_nothing_that_was_loaded_waits_for_memory_or_learns(weights: Path) -> None:
    pipeline = load(weights)
    networks = (pipeline.audio_to_pose.smga, pipeline.wav2vec, pipeline.pose_guider, pipeline.pose_to_video.vae)

    for network in (*networks, pipeline.pose_to_video.image_encoder, pipeline.pose_to_video.denoising_unet):
        assert not network.training
        assert not any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers()))
        assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-1], lambda content: content[:-1] + b"\x7f", lambda _: b""]
)
def test_a_network_that_is_not_what_was_converted_is_named_with_both_hashes(weights: Path, damage) -> None:
    damaged = network_file(preset_folder(weights, TINY), "vae")
    recorded = file_sha256(damaged)
    damaged.write_bytes(damage(damaged.read_bytes()))

    with pytest.raises(WeightsError, match=rf"vae\.safetensors is not .*{file_sha256(damaged)}.*{recorded}.*convert"):
        load(weights)


def test_a_file_that_was_never_tensors_is_named_even_if_its_hash_is_recorded(weights: Path) -> None:
    damaged = network_file(preset_folder(weights, TINY), "smga")
    damaged.write_bytes(b"no tensors")
    index = index_of(weights)
    index["networks"]["smga"] = file_sha256(damaged)
    (preset_folder(weights, TINY) / INDEX_FILE).write_text(json.dumps(index))

    with pytest.raises(WeightsError, match=r"smga\.safetensors cannot be read"):
        load(weights)


def test_an_absent_network_is_named(weights: Path) -> None:
    network_file(preset_folder(weights, TINY), "wavlm").unlink()

    with pytest.raises(WeightsError, match=r"wavlm\.safetensors cannot be read"):
        load(weights)


@pytest.mark.parametrize("content", [None, "", "[]", '{"preset": "tiny"}'])
def test_a_folder_without_a_whole_index_holds_no_weights(weights: Path, content: str | None) -> None:
    index = preset_folder(weights, TINY) / INDEX_FILE
    index.unlink()
    if content is not None:
        index.write_text(content)

    with pytest.raises(WeightsError, match=r"holds no converted weights.*`mmgt weights convert`"):
        load(weights)


def test_another_presets_folder_is_refused_with_both_names(weights: Path) -> None:
    other = replace(TINY, name="other")
    preset_folder(weights, TINY).rename(preset_folder(weights, other))

    with pytest.raises(WeightsError, match="holds the weights of tiny, not of other"):
        load_pipeline(other, weights, CPU, torch.float32)


def test_weights_of_another_layout_under_the_same_name_are_listed_by_key(weights: Path) -> None:
    deeper = replace(TINY, smga=replace(TINY.smga, num_layers=3))

    with pytest.raises(WeightsError, match=r"smga: keys .*missing: layers\.2\."):
        load_pipeline(deeper, weights, CPU, torch.float32)


def test_weights_of_another_width_under_the_same_name_are_refused(weights: Path) -> None:
    wider = replace(TINY, smga=replace(TINY.smga, feedforward_width=32))

    with pytest.raises(WeightsError, match=r"(?s)smga: .*size mismatch for layers"):
        load_pipeline(wider, weights, CPU, torch.float32)


def test_the_detector_is_dwpose_only_where_both_its_networks_were_pulled(tmp_path: Path) -> None:
    for local_name, toy in (("person_detector", "toy_yolox.onnx"), ("keypoint_detector", "toy_pose.onnx")):
        assert isinstance(load_detector(tmp_path, MMGT_512), LandmarkDetector)
        file_path(tmp_path, local_name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOY_NETWORKS / toy, file_path(tmp_path, local_name))

    assert isinstance(load_detector(tmp_path, MMGT_512), DWPoseDetector)


def test_a_damaged_detector_is_named_and_not_replaced_in_silence(tmp_path: Path) -> None:
    for local_name in ("person_detector", "keypoint_detector"):
        file_path(tmp_path, local_name).parent.mkdir(parents=True, exist_ok=True)
        file_path(tmp_path, local_name).write_bytes(b"no network")

    with pytest.raises(WeightsError, match=r"yolox_l\.onnx"):
        load_detector(tmp_path, MMGT_512)


@pytest.mark.parametrize("is_able", [True, False])
def test_latents_become_frames_in_bfloat16_only_where_the_processor_multiplies_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_able: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": is_able})

    pipeline = load_pipeline(MMGT_DEMO, tmp_path, CPU, torch.float32)

    render, expected = pipeline.pose_to_video, torch.bfloat16 if is_able else torch.float32
    assert render.decoding_dtype == expected
    assert {parameter.dtype for parameter in render.vae.decoder.parameters()} == {expected}
    assert pipeline.detail_network is not None
    assert {parameter.dtype for parameter in pipeline.detail_network.parameters()} == {expected}
    assert render.dtype == torch.float32
    assert {parameter.dtype for parameter in render.vae.encoder.parameters()} == {torch.float32}


def test_a_dtype_that_is_asked_for_is_kept_where_it_is_not_float32(tmp_path: Path) -> None:
    assert load_pipeline(SMALL, tmp_path, CPU, torch.float64).pose_to_video.decoding_dtype == torch.float64

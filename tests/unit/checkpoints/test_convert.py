"""From the published files to one folder of half-precision tensors."""

import hashlib
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.convert import convert_weights, read_checkpoint
from mmgt_core.checkpoints.folders import WeightsIndex, holds_converted_weights, network_file
from mmgt_core.checkpoints.networks import Networks, read_networks
from mmgt_core.config import Preset
from mmgt_core.errors import Cancelled, WeightsError
from tests.unit.checkpoints.published_folder import (
    TINY,
    TINY_SIXTEEN,
    file_path,
    published_state,
    random_networks,
    stage_2_state,
    write_pickle,
    write_published,
    write_tensors,
)

CPU = torch.device("cpu")
NETWORKS = Networks.names()
FLOAT32 = dict.fromkeys(NETWORKS, torch.float32)


class RunsWhenRead:
    """What a hostile file would hold."""

    def __reduce__(self):
        return (Path.touch, (Path("must-not-exist"),))


@pytest.fixture(scope="module")
def networks() -> Networks:
    return random_networks()


@pytest.fixture(scope="module")
def pulled_once(networks: Networks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pulled")
    write_published(folder, networks, container="ema_state_dict")
    return folder


@pytest.fixture
def pulled(pulled_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(pulled_once, tmp_path / "weights"))


def convert(folder: Path, preset: Preset = TINY, on_network=lambda name, done, total: None) -> WeightsIndex:
    return convert_weights(folder, folder / preset.name, preset, on_network)


def converted(folder: Path, preset: Preset = TINY) -> Networks:
    convert(folder, preset)
    return read_networks(folder / preset.name, preset, CPU, FLOAT32)


def require_same_tensors(found: Networks, expected: Networks) -> None:
    for name, network in expected.named().items():
        state = found.named()[name].state_dict()
        assert state.keys() == network.state_dict().keys()
        assert [key for key, value in network.state_dict().items() if not torch.equal(state[key], value)] == []


@pytest.mark.parametrize(
    ("wrapper", "container"), [("", None), ("module.", "ema_state_dict"), ("", "model_state_dict")]
)
def test_published_files_come_out_bit_for_bit_whatever_they_are_wrapped_in(
    networks: Networks, tmp_path: Path, wrapper: str, container: str | None
) -> None:
    write_published(tmp_path, networks, wrapper, container)

    require_same_tensors(converted(tmp_path), networks)


def test_sixteen_audio_modules_come_out_too(tmp_path: Path) -> None:
    networks = random_networks(TINY_SIXTEEN)
    write_published(tmp_path, networks)

    require_same_tensors(converted(tmp_path, TINY_SIXTEEN), networks)
    assert "mid_block.audio_module.block.lips.attention.to_q.weight" in networks.denoising_unet.state_dict()


@torch.inference_mode()
def test_converted_networks_give_the_numbers_of_the_ones_that_were_published(networks: Networks, pulled: Path) -> None:
    """Buffers that no file holds, such as the numbers of positions, count here too."""
    found = converted(pulled)
    generator = torch.Generator().manual_seed(0)
    speech = torch.randn(1, 6400, generator=generator)
    image = torch.randn(1, 3, 224, 224, generator=generator)
    pose = torch.randn(1, 402, generator=generator)

    def numbers(used: Networks) -> dict[str, torch.Tensor]:
        condition = used.smga.encode_condition(torch.linspace(-1, 1, 80 * 99).view(1, 80, 99), torch.tensor([True]))
        return {
            "wavlm": used.wavlm(speech).last_hidden_state,
            "wav2vec": used.wav2vec(speech).last_hidden_state,
            "image_encoder": used.image_encoder(image).image_embeds,
            "vae": used.vae.encode(image[..., :64, :64]).latent_dist.mean,
            "pose_guider": used.pose_guider(image[:, :, None, :64, :64]),
            "smga": used.smga(pose.expand(1, 80, 402), pose, condition, torch.tensor([500])),
            "reference_unet": used.reference_unet(
                image[:, :1, :8, :8].expand(1, 4, 8, 8), torch.tensor(0.0), torch.ones(1, 1, 64)
            ).hidden,
        }

    expected, given = numbers(networks), numbers(found)
    assert [name for name, value in expected.items() if not torch.equal(given[name], value)] == []


def test_parameters_are_stored_in_half_precision_and_buffers_in_full(pulled: Path, networks: Networks) -> None:
    convert(pulled)

    for name, network in networks.named().items():
        parameters = network.state_dict().keys() - {key for key, _ in network.named_buffers()}
        stored = load_file(network_file(pulled / TINY.name, name))
        assert {key for key, value in stored.items() if value.dtype == torch.float16} == parameters
    assert load_file(network_file(pulled / TINY.name, "smga"))["rotary_frequencies"].dtype == torch.float32


def test_the_index_has_the_hash_of_every_file_read_and_written(pulled: Path) -> None:
    index = convert(pulled)

    def sha256(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    sources = ("smga", "stage_2", "vae", "image_encoder", "wav2vec", "wavlm")
    assert index == WeightsIndex.read(pulled / TINY.name)
    assert index.networks == {name: sha256(network_file(pulled / TINY.name, name)) for name in NETWORKS}
    assert index.sources == {name: sha256(file_path(pulled, name)) for name in sources}


def test_each_network_is_told_of_once(pulled: Path) -> None:
    told: list[tuple[str, int, int]] = []

    convert(pulled, on_network=lambda *progress: told.append(progress))

    assert sorted(name for name, _, _ in told) == sorted(NETWORKS)
    assert [(done, total) for _, done, total in told] == [(count, 9) for count in range(1, 10)]


def test_another_user_may_read_what_was_converted(pulled: Path) -> None:
    convert(pulled)

    assert {oct(file.stat().st_mode & 0o444) for file in (pulled / TINY.name).iterdir()} == {oct(0o444)}


def test_a_recording_of_the_other_form_is_taken_where_the_preferred_one_is_absent(
    pulled: Path, networks: Networks
) -> None:
    state = load_file(file_path(pulled, "wavlm"))
    file_path(pulled, "wavlm").unlink()
    torch.save(state, file_path(pulled, "wavlm").with_name("pytorch_model.bin"), _use_new_zipfile_serialization=False)

    require_same_tensors(converted(pulled), networks)


def test_absent_files_are_all_named_with_the_command_that_fetches_them(pulled: Path) -> None:
    file_path(pulled, "stage_2").unlink()
    file_path(pulled, "vae").unlink()

    with pytest.raises(WeightsError, match=r"2 of 6 files.*net-32500\.pth.*sd-vae-ft-mse.*`mmgt weights pull`"):
        convert(pulled)


def test_missing_and_unknown_keys_of_stage_2_are_listed(pulled: Path, networks: Networks) -> None:
    state = stage_2_state(networks)
    del state["denoising_unet.conv_in.bias"]
    write_pickle(pulled, "stage_2", {**state, "denoising_unet.extra.weight": torch.zeros(1)})

    with pytest.raises(WeightsError, match=r"denoising_unet: keys 1 missing: conv_in\.bias; 1 unknown: extra\.weight"):
        convert(pulled)


def test_a_network_that_nobody_knows_is_named(pulled: Path, networks: Networks) -> None:
    write_pickle(pulled, "stage_2", {**stage_2_state(networks), "discriminator.weight": torch.zeros(1)})

    with pytest.raises(WeightsError, match=r"stage 2: 1 keys unknown: discriminator\.weight"):
        convert(pulled)


def test_a_frozen_encoder_is_as_strict(pulled: Path, networks: Networks) -> None:
    state = dict(networks.vae.state_dict())
    del state["decoder.conv_out.bias"]
    write_tensors(pulled, "vae", state)

    with pytest.raises(WeightsError, match=r"vae: keys 1 missing: decoder\.conv_out\.bias"):
        convert(pulled)


def test_another_shape_is_named(pulled: Path, networks: Networks) -> None:
    write_pickle(pulled, "smga", {**published_state(networks.smga, key_maps.SMGA), "final_layer.bias": torch.ones(3)})

    with pytest.raises(WeightsError, match=r"SMGA: 1 tensors of another shape: final_layer\.bias \(3,\), not \(402,\)"):
        convert(pulled)


@pytest.mark.parametrize(("value", "shown"), [(70_000.0, r"7e\+04"), (float("nan"), "nan"), (float("inf"), "inf")])
def test_a_value_that_half_precision_cannot_hold_is_named(
    pulled: Path, networks: Networks, value: float, shown: str
) -> None:
    state = published_state(networks.smga, key_maps.SMGA)
    write_pickle(pulled, "smga", {**state, "final_layer.bias": torch.full((402,), value)})

    with pytest.raises(WeightsError, match=rf"smga\.final_layer\.bias holds values.*{shown}"):
        convert(pulled)


def test_a_file_that_would_run_something_is_refused_and_not_run(
    pulled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pickle(pulled, "smga", {"weight": torch.zeros(1), "code": RunsWhenRead()})

    with pytest.raises(WeightsError, match=r"audio2pose_best_model\.pt holds more than tensors") as refused:
        convert(pulled)

    assert not Path("must-not-exist").exists()
    assert "weights_only" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 half an archive"])
def test_a_damaged_file_is_named(pulled: Path, content: bytes) -> None:
    file_path(pulled, "stage_2").write_bytes(content)

    with pytest.raises(WeightsError, match=r"net-32500\.pth"):
        convert(pulled)


@pytest.mark.parametrize(
    ("content", "said"),
    [([1, 2], "holds a list"), ({"epoch": 3}, "it also holds epoch"), ({}, "it also holds nothing")],
)
def test_a_file_without_named_tensors_is_refused(tmp_path: Path, content: object, said: str) -> None:
    torch.save(content, tmp_path / "some.pt")

    with pytest.raises(WeightsError, match=said):
        read_checkpoint(tmp_path / "some.pt")


def test_a_conversion_that_is_stopped_leaves_nothing(pulled: Path) -> None:
    before = sorted(pulled.iterdir())

    def stop(name: str, done: int, total: int) -> None:
        if done == 8:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        convert(pulled, on_network=stop)

    assert sorted(pulled.iterdir()) == before


def test_a_conversion_that_was_killed_does_not_count_and_the_next_one_starts_anew(
    pulled: Path, networks: Networks
) -> None:
    killed = pulled / "tiny.incomplete"
    killed.mkdir()
    save_file({"half": torch.zeros(1)}, killed / "smga.safetensors")
    (killed / "stale.safetensors").write_bytes(b"")

    assert not holds_converted_weights(pulled / TINY.name)
    require_same_tensors(converted(pulled), networks)
    assert not killed.exists()
    assert not (pulled / TINY.name / "stale.safetensors").exists()


def test_a_conversion_that_fails_leaves_the_former_one_in_use(pulled: Path, networks: Networks) -> None:
    convert(pulled)
    state = published_state(networks.smga, key_maps.SMGA)
    del state["final_layer.bias"]
    write_pickle(pulled, "smga", state)

    with pytest.raises(WeightsError, match="1 missing"):
        convert(pulled)

    require_same_tensors(read_networks(pulled / TINY.name, TINY, CPU, FLOAT32), networks)

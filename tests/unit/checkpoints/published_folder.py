"""Random networks of a small preset, and the folder of published files that they would have been pulled as."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from mmgt_core.checkpoints import key_maps
from mmgt_core.checkpoints.key_maps import KeyMap
from mmgt_core.checkpoints.layout import STAGE_2_NETWORKS
from mmgt_core.checkpoints.lock import published_path
from mmgt_core.checkpoints.manifest import MMGT_512_FILES
from mmgt_core.checkpoints.networks import Networks, build_networks
from mmgt_core.checkpoints.published_names import published_layout, published_name
from mmgt_core.config import AudioLayout, SMGAConfig
from tests.small_preset import SMALL

TINY = replace(
    SMALL,
    name="tiny",
    is_trained=True,
    smga=SMGAConfig(width=16, feedforward_width=16, num_layers=2, num_heads=2, condition_features=99),
)
TINY_SIXTEEN = replace(TINY, name="tiny-16", unet=replace(TINY.unet, audio_layout=AudioLayout.DOWN_MID_UP))
FILES = {file.local_name: file for file in MMGT_512_FILES}
HALF_PREFIXES = ("reference_unet.", "pose_guider.")

State = dict[str, torch.Tensor]


def random_networks(preset=TINY) -> Networks:
    """Networks whose parameters half precision holds exactly, so that a conversion may change no bit."""
    torch.manual_seed(3)
    networks = build_networks(preset)
    for network in networks.named().values():
        for parameter in network.parameters():
            parameter.copy_(parameter.half())
    return networks


def file_path(folder: Path, local_name: str) -> Path:
    """Where a published file lies."""
    return published_path(folder, FILES[local_name].repository, FILES[local_name].path)


def write_published(folder: Path, networks: Networks, wrapper: str = "", container: str | None = None) -> None:
    """Write every file as its publisher has it: names, mixed dtypes, keys that nothing reads.

    wrapper: before every key of the method's own two files. container: the word under which stage 1's tensors lie.
    """
    stage_1 = _wrapped(published_state(networks.smga, key_maps.SMGA), wrapper)
    write_pickle(folder, "smga", {container: stage_1, "epoch": 7} if container else stage_1)
    write_pickle(folder, "stage_2", _wrapped(stage_2_state(networks), wrapper))
    write_tensors(folder, "vae", _with_names(networks.vae, ((".to_q.", ".query."), (".to_out.0.", ".proj_attn."))))
    positions = {"vision_model.embeddings.position_ids": torch.arange(17)}
    write_tensors(folder, "image_encoder", {**networks.image_encoder.state_dict(), **positions})
    former = (
        ("parametrizations.weight.original0", "weight_g"),
        ("parametrizations.weight.original1", "weight_v"),
    )
    write_tensors(folder, "wavlm", _with_names(networks.wavlm, former))
    speech = {f"wav2vec2.{key}": value for key, value in _with_names(networks.wav2vec, former).items()}
    write_tensors(folder, "wav2vec", {**speech, "lm_head.weight": torch.zeros(32, 64)})


def stage_2_state(networks: Networks) -> State:
    """The stage-2 file: some networks in half precision, some not."""
    state = {
        prefix + key: value
        for prefix, (name, key_map) in STAGE_2_NETWORKS.items()
        for key, value in published_state(networks.named()[name], key_map).items()
    }
    return {key: value.half() if key.startswith(HALF_PREFIXES) else value for key, value in state.items()}


def published_state(network: nn.Module, key_map: KeyMap) -> State:
    """A network's tensors under their published names, with those beside them that nothing reads."""
    state = {published_name(key_map, key): value for key, value in network.state_dict().items()}
    for key, shape in published_layout(network, key_map).items():
        repeated = state.get("rotary.freqs") if key.endswith("rotary.freqs") else None
        state.setdefault(key, torch.randn(shape) if repeated is None else repeated)
    return state


def write_pickle(folder: Path, local_name: str, content: object) -> None:
    """Write one of the method's own files."""
    path = file_path(folder, local_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)


def write_tensors(folder: Path, local_name: str, state: Mapping[str, torch.Tensor]) -> None:
    """Write a frozen encoder's file."""
    path = file_path(folder, local_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in state.items()}, path)


def _wrapped(state: State, wrapper: str) -> State:
    return {wrapper + key: value for key, value in state.items()}


def _with_names(network: nn.Module, names: tuple[tuple[str, str], ...]) -> State:
    renamed = {}
    for key, value in network.state_dict().items():
        for new, old in names:
            key = re.sub(re.escape(new), old, key)
        renamed[key] = value
    return renamed

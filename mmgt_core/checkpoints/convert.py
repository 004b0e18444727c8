"""From the published files to one folder of half-precision safetensors, strictly: no key may be missing or unknown."""

import pickle
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mmgt_core.checkpoints.converted import write_network
from mmgt_core.checkpoints.encoder_keys import (
    image_encoder_from_published,
    vae_from_published,
    wav2vec_from_published,
    wavlm_from_published,
)
from mmgt_core.checkpoints.file_hashes import file_sha256
from mmgt_core.checkpoints.folders import WeightsIndex
from mmgt_core.checkpoints.key_maps import AS_PUBLISHED, SMGA, KeyMap
from mmgt_core.checkpoints.layout import STAGE_2_NETWORKS
from mmgt_core.checkpoints.lock import present_tensor_files
from mmgt_core.checkpoints.networks import empty_networks
from mmgt_core.checkpoints.published_names import State, from_published
from mmgt_core.config import Preset
from mmgt_core.errors import WeightsError

OnNetwork = Callable[[str, int, int], None]
"""Called with the network's name, how many are done, and how many there are."""

_CONTAINER_KEYS = ("ema_state_dict", "model_state_dict", "model", "state_dict")
"""Where a training checkpoint keeps its tensors, the averaged ones first."""

_WRAPPER_PREFIX = "module."


def convert_weights(source: Path, target: Path, preset: Preset, on_network: OnNetwork) -> WeightsIndex:
    """Convert every network of a preset.

    Args:
        source: the folder that `pull_weights` filled.
        target: the folder to write. It appears, or replaces the former one, when every network is written; until then
            the work lies beside it, so that a stopped conversion leaves nothing that could be taken for weights.
        preset: whose layout the files must have.
        on_network: told after each network.

    Raises:
        WeightsError: a file is absent or unreadable, or keys or shapes are not the preset's; lists them.
    """
    files = present_tensor_files(source)
    unfinished = target.with_name(f"{target.name}.incomplete")
    _remove_folder(unfinished)
    unfinished.mkdir(parents=True)
    try:
        index = _convert_into(unfinished, files, preset, on_network)
        _remove_folder(target)
        unfinished.rename(target)
    finally:
        _remove_folder(unfinished)
    return index


def _convert_into(folder: Path, files: Mapping[str, Path], preset: Preset, on_network: OnNetwork) -> WeightsIndex:
    networks = empty_networks(preset).named()
    hashes: dict[str, str] = {}

    def write(name: str, state: Mapping[str, torch.Tensor]) -> None:
        hashes[name] = write_network(folder, name, networks[name], state)
        on_network(name, len(hashes), len(networks))

    write("smga", from_published(networks["smga"], SMGA, read_checkpoint(files["smga"]), "SMGA"))
    for name, key_map, state in _stage_2_states(read_checkpoint(files["stage_2"])):
        write(name, from_published(networks[name], key_map, state, name))
    for name, rename in _ENCODERS.items():
        state = rename(read_checkpoint(files[name]))
        write(name, from_published(networks[name], AS_PUBLISHED, state, name))
    index = WeightsIndex(preset.weights_name, hashes, {name: file_sha256(path) for name, path in files.items()})
    index.write(folder)
    return index


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a published file, without running anything that it holds.

    Containers are opened (the averaged weights are taken), a `module.` prefix is dropped, dtypes are as they are.

    Raises:
        WeightsError: unreadable, or no tensors in it.
    """
    content = _read(path)
    for key in _CONTAINER_KEYS:
        if isinstance(content.get(key), Mapping):
            content = content[key]
            break
    tensors = {key: value for key, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors or len(tensors) != len(content):
        strange = [str(key) for key, value in content.items() if not isinstance(value, torch.Tensor)]
        raise WeightsError(f"{path.name} is not a set of tensors; it also holds {', '.join(strange[:10]) or 'nothing'}")
    if all(key.startswith(_WRAPPER_PREFIX) for key in tensors):
        tensors = {key.removeprefix(_WRAPPER_PREFIX): value for key, value in tensors.items()}
    return tensors


def _remove_folder(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Files of before 2020 are no archives and cannot be mapped.
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        # The library's own message advises how to run what the file holds.
        raise WeightsError(f"{path} holds more than tensors, or is damaged; nothing of it was run") from error
    except (OSError, SafetensorError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path} holds a {type(content).__name__}, not named tensors")
    return content


def _stage_2_states(state: State) -> list[tuple[str, KeyMap, dict[str, torch.Tensor]]]:
    """Split the stage-2 file into its networks. Raises: WeightsError: a key belongs to none."""
    strange = [key for key in state if not key.startswith(tuple(STAGE_2_NETWORKS))]
    if strange:
        raise WeightsError(f"stage 2: {len(strange)} keys unknown: {', '.join(strange[:20])}")
    return [
        (name, key_map, {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)})
        for prefix, (name, key_map) in STAGE_2_NETWORKS.items()
    ]


_ENCODERS: dict[str, Callable[[State], dict[str, torch.Tensor]]] = {
    "vae": vae_from_published,
    "image_encoder": image_encoder_from_published,
    "wavlm": wavlm_from_published,
    "wav2vec": wav2vec_from_published,
}
"""Frozen encoder to the function that gives its tensors today's names."""

"""The converted folder: one safetensors file a network and `weights.json`, which says what they are."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from mmgt_core.checkpoints.file_hashes import file_sha256, trusted_sha256
from mmgt_core.checkpoints.folders import INDEX_FILE, WeightsIndex, network_file
from mmgt_core.checkpoints.published_names import require_same_keys
from mmgt_core.config import Preset
from mmgt_core.errors import WeightsError

_READABLE = 0o644
"""safetensors gives its files to their owner alone; a service may run as someone else."""
_HALF_MAX = torch.finfo(torch.float16).max


def write_network(folder: Path, name: str, module: nn.Module, state: Mapping[str, torch.Tensor]) -> str:
    """Write one network, parameters in half precision, and give the file's SHA-256.

    Buffers keep float32: rotary frequencies and positions lose their meaning when rounded.

    Raises:
        WeightsError: a value is not finite or too large for half precision, or the file cannot be written.
    """
    buffers = {key for key, _ in module.named_buffers()}
    tensors = {key: value if key in buffers else _half(f"{name}.{key}", value) for key, value in state.items()}
    path = network_file(folder, name)
    try:
        save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be written: {error}") from error
    path.chmod(_READABLE)
    return file_sha256(path)


def fill_network(
    module: nn.Module, name: str, folder: Path, preset: Preset, device: torch.device, dtype: torch.dtype
) -> None:
    """Give one empty network its weights, and freeze it.

    Raises:
        WeightsError: its file is absent, not what was converted, unreadable, of another preset, or its keys are not the
            network's.
    """
    if not module.state_dict():
        return  # log-mel arithmetic has no file
    index = WeightsIndex.read(folder)
    if index.preset != preset.weights_name:
        raise WeightsError(f"{folder} holds the weights of {index.preset}, not of {preset.weights_name}")
    _require_recorded(network_file(folder, name), index.networks.get(name))
    state = _read_tensors(network_file(folder, name), device, dtype)
    require_same_keys(module.state_dict(), state, name)
    try:
        module.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise WeightsError(f"{name}: {error}") from error
    _fill_position_ids(module, device)
    module.requires_grad_(False).eval()


def _half(name: str, value: torch.Tensor) -> torch.Tensor:
    if not value.isfinite().all() or value.abs().max() > _HALF_MAX:
        raise WeightsError(f"{name} holds values that half precision cannot: largest {value.abs().max().item():.3g}")
    return value.half()


def _require_recorded(path: Path, recorded: str | None) -> None:
    try:
        found = trusted_sha256(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    if found != recorded:
        raise WeightsError(
            f"{path} is not what was converted: sha256 {found}, {INDEX_FILE} says {recorded}; "
            "convert it again with `mmgt weights convert`"
        )


def _read_tensors(path: Path, device: torch.device, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    try:
        tensors = load_file(path, device=str(device))  # maps the file: only what changes its type is copied
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    return {key: value.to(dtype) if value.is_floating_point() else value for key, value in tensors.items()}


def _fill_position_ids(module: nn.Module, device: torch.device) -> None:
    """Number the positions of encoders built without memory: files do not hold them."""
    for owner in module.modules():
        for name, buffer in owner.named_buffers(recurse=False):
            if buffer.is_meta:
                positions = torch.arange(buffer.shape[-1], device=device).expand(buffer.shape).clone()
                owner.register_buffer(name, positions, persistent=False)

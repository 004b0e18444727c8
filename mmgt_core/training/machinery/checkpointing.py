"""Checkpoints of a training run: written whole or not at all; the newest one is where a run goes on."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from mmgt_core.training.machinery.configuration import ConfigurationError, LoopConfig, TrainingConfiguration

_PLACES = ("start", "vae")
"""Options that say where something lies: folders may be moved."""
_PREFIX = "checkpoint-"
_PART = ".part"
_CLAIM = "configuration.json"
_MAY_CHANGE = frozenset({"steps", "checkpoint_every_s", "checkpoint_every_steps", "sample_every", "num_workers"})
"""What a resumed run may have otherwise than the run that wrote the checkpoint."""

_NUMBERS = ("step", "seconds", "training_seconds", "peak_memory_bytes")

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class RunState:
    """Everything that a run needs to go on; all randomness is a function of (seed, step), so no generator is here.

    seconds: of all runs so far. training_seconds: of the steps alone. weights: trained parameters and buffers.
    averages: the moving average. optimiser, scaler: their states.
    """

    step: int
    seconds: float
    training_seconds: float
    peak_memory_bytes: int
    weights: Tensors
    averages: Tensors
    optimiser: dict[str, Any]
    scaler: dict[str, Any]


def save_checkpoint(folder: Path, state: RunState, config: LoopConfig) -> Path:
    """Write `checkpoint-STEP` beside the older one, then remove the older one."""
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{_PREFIX}{state.step:08d}"
    part = final.with_name(final.name + _PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    save_file(_packed(state.weights), part / "weights.safetensors")
    save_file(_packed(state.averages), part / "averages.safetensors")
    torch.save({"optimiser": state.optimiser, "scaler": state.scaler}, part / "optimiser.pt")
    numbers = {name: getattr(state, name) for name in _NUMBERS}
    (part / "state.json").write_text(json.dumps({**numbers, "loop": asdict(config)}, indent=1) + "\n")
    shutil.rmtree(final, ignore_errors=True)
    os.replace(part, final)
    for path in folder.glob(f"{_PREFIX}*"):
        if path != final:
            shutil.rmtree(path)
    return final


def claim_folder(folder: Path, configuration: TrainingConfiguration) -> None:
    """Write down whose run a folder holds: its process and that process's options. One without a checkpoint is free.

    Raises:
        ConfigurationError: it holds a run of another process or of other options; names them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _CLAIM
    options = {key: value for key, value in configuration.options.items() if key not in _PLACES}
    wanted = {"process": configuration.process, **options}
    if not (path.is_file() and _checkpoints(folder)):
        part = folder / f"{_CLAIM}.{os.getpid()}{_PART}"
        part.write_text(json.dumps(wanted, indent=1) + "\n")
        os.replace(part, path)
        return
    found = json.loads(path.read_text())
    differing = sorted(key for key in {**found, **wanted} if found.get(key) != wanted.get(key))
    if differing:
        raise ConfigurationError(f"{folder} holds a run with another {', '.join(differing)}; choose another folder")


def load_checkpoint(folder: Path, config: LoopConfig) -> RunState | None:
    """The newest checkpoint of a run's folder, on the CPU, or None where there is none.

    Raises:
        ConfigurationError: it was written with another loop; names what differs.
    """
    whole = _checkpoints(folder)
    if not whole:
        return None
    newest = whole[-1]
    numbers = json.loads((newest / "state.json").read_text())
    _require_same(numbers["loop"], asdict(config), newest)
    states = torch.load(newest / "optimiser.pt", map_location="cpu", weights_only=True)
    return RunState(
        **{name: numbers[name] for name in _NUMBERS},
        weights=load_file(newest / "weights.safetensors"),
        averages=load_file(newest / "averages.safetensors"),
        optimiser=states["optimiser"],
        scaler=states["scaler"],
    )


def export_weights(folder: Path, name: str, network: nn.Module) -> Path:
    """Write one network's finished weights as `NAME.safetensors`, whole or not at all."""
    path = folder / f"{name}.safetensors"
    part = path.with_name(path.name + _PART)
    save_file(_packed(finished_state(network)), part)
    os.replace(part, path)
    return path


def finished_state(network: nn.Module) -> Tensors:
    """The state of a network as it is used: a weight that was trained as a product of others is that product."""
    state = network.state_dict()
    for path, module in network.named_modules():
        if is_parametrized(module):
            prefix = f"{path}." if path else ""
            state = {key: value for key, value in state.items() if not key.startswith(f"{prefix}parametrizations.")}
            state |= {f"{prefix}{name}": getattr(module, name) for name in module.parametrizations}
    return state


def _packed(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}


def _checkpoints(folder: Path) -> list[Path]:
    """Those that were written whole, the newest last."""
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if path.suffix != _PART)


def _require_same(recorded: Mapping[str, Any], wanted: Mapping[str, Any], path: Path) -> None:
    differing = [
        f"{key} {recorded.get(key)} then, {value} now"
        for key, value in wanted.items()
        if key not in _MAY_CHANGE and recorded.get(key) != value
    ]
    if differing:
        raise ConfigurationError(f"{path} was trained otherwise ({'; '.join(differing)}); choose another folder")

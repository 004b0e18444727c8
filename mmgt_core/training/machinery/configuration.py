"""Training configurations: TOML files, packaged or the user's own, read strictly into frozen dataclasses.

A file names its `process`, may name a `base` file whose values it changes, and has a table `[loop]` for the loop and
one of the process's own name for the process. A table `[loop_on_gpu]` has what the file's `[loop]` is on a GPU instead.
"""

import math
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from mmgt_core.errors import UsageError

PACKAGED = Path(__file__).parents[1] / "configurations"
_SUFFIX = ".toml"
_LOOP, _LOOP_ON_GPU = "loop", "loop_on_gpu"

Table = Mapping[str, Any]
Kind = TypeVar("Kind")


class ConfigurationError(UsageError):
    """A configuration is absent, unreadable, or has a key or value that it cannot have."""


_LOOP_RANGES = {
    "steps": (1, math.inf),
    "batch_size": (1, math.inf),
    "weight_decay": (0, math.inf),
    "warmup_steps": (0, math.inf),
    "decay_from": (0, 1),
    "ema_decay": (0, 0.999999),
    "max_gradient_norm": (1e-9, math.inf),
    "checkpoint_every_s": (0, math.inf),
    "checkpoint_every_steps": (0, math.inf),
    "sample_every": (0, math.inf),
    "num_workers": (0, math.inf),
    "seed": (0, 2**32 - 1),
}


def require_between(name: str, value: float, low: float, high: float) -> None:
    """Raises: ValueError: the value is outside, or no number; names both."""
    if not low <= value <= high:
        upwards = f"to {high:g}" if high < math.inf else "or more"
        raise ValueError(f"{name} is {value:g}; it must be {low:g} {upwards}")


@dataclass(frozen=True)
class LoopConfig:
    """What the loop needs to know of a run.

    steps: optimiser steps. batch_size: of all processes together. warmup_steps: the learning rate rises over these.
    decay_from: fraction of the steps after which the learning rate falls to 0 by a cosine; 1 never. ema_decay: in
    [0, 1). max_gradient_norm: gradients are scaled down to it. checkpoint_every_s: seconds of work that a kill may
    cost. sample_every: steps between samples; 0 only at the end. num_workers: processes that prepare batches; 0 none.
    """

    steps: int
    batch_size: int
    learning_rate: float
    optimiser: Literal["adam", "adamw", "adan"]
    weight_decay: float = 0.0
    warmup_steps: int = 0
    decay_from: float = 1.0
    ema_decay: float = 0.999
    max_gradient_norm: float = 1.0
    mixed_precision: Literal["no", "bf16", "fp16"] = "no"
    checkpoint_every_s: float = 300.0
    checkpoint_every_steps: int = 0
    sample_every: int = 0
    num_workers: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Raises: ValueError: a number outside its range, by name."""
        for name, (low, high) in _LOOP_RANGES.items():
            require_between(name, getattr(self, name), low, high)
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate is {self.learning_rate:g}; it must be above 0")


@dataclass(frozen=True)
class TrainingConfiguration:
    """One file: which process, its loop, and the process's own table, still unread."""

    name: str
    process: str
    loop: LoopConfig
    options: Table


def packaged_names() -> list[str]:
    """The configurations that come with the program."""
    return sorted(path.stem for path in PACKAGED.glob(f"*{_SUFFIX}"))


def read_configuration(name_or_path: str, is_on_gpu: bool = False) -> TrainingConfiguration:
    """Read a packaged configuration by name, or a file by its path.

    Args:
        name_or_path: a path ends in `.toml`.
        is_on_gpu: whether a GPU will train; the tables `[loop_on_gpu]` count then.

    Raises:
        ConfigurationError: there is no such file, it is no TOML, or a key is unknown, missing or of the wrong kind.
    """
    path = _find(name_or_path)
    tables = _read_with_base(path, is_on_gpu)
    process = tables.get("process")
    if not isinstance(process, str):
        raise ConfigurationError(f"{path.name} has no `process`")
    unknown = set(tables) - {"process", _LOOP, process}
    if unknown:
        raise ConfigurationError(f"{path.name} has unknown keys: {', '.join(sorted(unknown))}")
    loop = fill(LoopConfig, tables.get(_LOOP, {}), f"{path.name} [{_LOOP}]")
    return TrainingConfiguration(path.stem, process, loop, tables.get(process, {}))


def fill(kind: type[Kind], table: Table, where: str) -> Kind:
    """A dataclass from a table with exactly its fields; lists become tuples, tables dataclasses, words enums.

    Raises:
        ConfigurationError: lists the keys that are unknown or missing, or names the value that does not fit.
    """
    hints = get_type_hints(kind)
    unknown = set(table) - set(hints)
    if unknown:
        raise ConfigurationError(f"{where} has unknown keys: {', '.join(sorted(unknown))}")
    values = {key: _converted(hints[key], value, f"{where} {key}") for key, value in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    except TypeError as error:
        required = ", ".join(field.name for field in fields(kind) if field.name not in table)  # type: ignore[arg-type]
        raise ConfigurationError(f"{where}: {error}; not given: {required or 'none'}") from error


def _find(name_or_path: str) -> Path:
    given = Path(name_or_path)
    packaged = PACKAGED / f"{name_or_path}{_SUFFIX}"
    path = given if given.suffix == _SUFFIX else packaged
    if not path.is_file():
        raise ConfigurationError(f"there is no configuration {name_or_path}; there are {', '.join(packaged_names())}")
    return path


def _read_with_base(path: Path, is_on_gpu: bool) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    on_gpu = tables.pop(_LOOP_ON_GPU, {})
    if is_on_gpu:
        tables[_LOOP] = {**tables.get(_LOOP, {}), **on_gpu}
    base = tables.pop("base", None)
    return _merged(_read_with_base(_find(base), is_on_gpu), tables) if base else tables


def _merged(below: Table, above: Table) -> dict[str, Any]:
    """Values of `above` win; tables are merged."""
    both = {key: _merged(below[key], above[key]) for key in above if isinstance(below.get(key), dict)}
    return {**below, **above, **both}


def _converted(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    """One value as its annotation says."""
    if get_origin(hint) is types.UnionType:
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is Literal:
        return _member(list(get_args(hint)), value, where)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_converted(get_args(hint)[0], item, where) for item in value)
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return fill(hint, value, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(_member([member.value for member in hint], value, where))
    if hint is float and type(value) is int:
        return float(value)
    if not (isinstance(hint, type) and type(value) is hint):
        raise ConfigurationError(f"{where} is {value!r}; it must be {hint}")
    return value


def _member(allowed: list[Any], value: Any, where: str) -> Any:  # noqa: ANN401
    if value not in allowed:
        raise ConfigurationError(f"{where} is {value!r}; it must be one of {', '.join(map(str, allowed))}")
    return value

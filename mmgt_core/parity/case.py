"""One recorded case: its configuration, its tensors, and how a result is compared with them."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mmgt_core.errors import MMGTError

Array = torch.Tensor | np.ndarray[Any, Any]
Produced = tuple[str, Array]
"""Name of a recorded tensor, and what this program computes for it."""


class GoldenError(MMGTError):
    """A recorded file is absent, unreadable, or contradicts itself."""


@dataclass(frozen=True)
class Tolerance:
    """The largest error that passes.

    Where `is_relative`, errors count against the recorded magnitude: of each number in a list, of its column's largest
    in a table, so that a large column does not hide a small one.
    """

    limit: float
    is_relative: bool = False

    def __str__(self) -> str:
        return f"{self.limit:.0e} relative" if self.is_relative else f"{self.limit:.0e}"


_SMALLEST_MAGNITUDE = 1e-6

EXACT = Tolerance(0.0)
MODULE = Tolerance(1e-4)


@dataclass(frozen=True)
class GoldenCase:
    """NAME.safetensors and NAME.json of a folder; either may be absent where the other says all."""

    folder: Path
    name: str
    config: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor] = field(repr=False)

    @classmethod
    def read(cls, folder: Path, name: str) -> "GoldenCase":
        """Raises: GoldenError: unreadable, or the two files disagree about what there is."""
        case = cls(folder, name, _read_json(folder / f"{name}.json"), _read_tensors(folder / f"{name}.safetensors"))
        _check_listing(case)
        return case

    def companion(self, name: str) -> "GoldenCase":
        """Another case that this one needs. Raises: GoldenError: it is not in the folder."""
        if not (self.folder / f"{name}.safetensors").exists():
            raise GoldenError(f"needs {name}.safetensors, which is not in {self.folder}")
        return GoldenCase.read(self.folder, name)

    def __getitem__(self, key: str) -> torch.Tensor:
        if key not in self.tensors:
            raise GoldenError(f"{self.name} has no tensor {key}")
        return self.tensors[key]

    def weights(self, prefix: str = "") -> dict[str, torch.Tensor]:
        """Weights under published names, float32, of one network where a prefix is given."""
        start = "w/" + prefix
        return {key[len(start) :]: value.float() for key, value in self.tensors.items() if key.startswith(start)}

    def expected(self) -> dict[str, torch.Tensor]:
        """Everything that a run must reproduce: all but inputs and weights."""
        return {key: value for key, value in self.tensors.items() if not key.startswith(("w/", "in/"))}


@dataclass(frozen=True)
class Comparison:
    """One tensor compared; an error that is not a number fails."""

    name: str
    error: float
    tolerance: Tolerance

    @property
    def is_ok(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance.limit


def compare(name: str, actual: Array, expected: Array, tolerance: Tolerance) -> Comparison:
    """The largest error; infinite where shapes differ or anything is not finite."""
    actual, expected = torch.as_tensor(actual).double(), torch.as_tensor(expected).double()
    if actual.shape != expected.shape or not (actual.isfinite().all() and expected.isfinite().all()):
        return Comparison(name, float("inf"), tolerance)
    if not actual.numel():
        return Comparison(name, 0.0, tolerance)
    errors = (actual - expected).abs()
    if tolerance.is_relative:
        magnitude = expected.abs() if expected.dim() < 2 else expected.abs().amax(dim=0, keepdim=True)
        errors = errors / magnitude.clamp(min=_SMALLEST_MAGNITUDE)
    return Comparison(name, errors.max().item(), tolerance)


@dataclass(frozen=True)
class CaseRunner:
    """How a case is run and how exact it must be.

    run: yields every tensor that the case recorded. tolerances: (prefix of the tensor's name, tolerance), the first
    that fits counts; `default` otherwise. weight_prefixes: of the networks whose weights the case may hold.
    """

    run: Callable[[GoldenCase], Iterator[Produced]]
    default: Tolerance = MODULE
    tolerances: tuple[tuple[str, Tolerance], ...] = ()
    weight_prefixes: tuple[str, ...] = ()

    def tolerance(self, name: str) -> Tolerance:
        """The tolerance of one tensor."""
        return next((tolerance for prefix, tolerance in self.tolerances if name.startswith(prefix)), self.default)


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise GoldenError(f"{path.name} is absent") from error
    except (OSError, ValueError) as error:
        raise GoldenError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise GoldenError(f"{path.name} is no JSON object")
    return content


def _read_tensors(path: Path) -> Mapping[str, torch.Tensor]:
    if not path.exists():
        return {}
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise GoldenError(f"{path.name} cannot be read: {error}") from error


def _check_listing(case: GoldenCase) -> None:
    """The JSON file lists the shape of every tensor but the weights: the two must agree."""
    listed = case.config.get("tensors")
    if listed is None:
        return
    found = {key: value for key, value in case.tensors.items() if not key.startswith("w/")}
    if missing := sorted(listed.keys() - found.keys()):
        raise GoldenError(f"{case.name} lists tensors that are not there: {', '.join(missing)}")
    for key, value in found.items():
        if key in listed and list(value.shape) != listed[key][0]:
            raise GoldenError(f"{case.name} lists {key} as {listed[key][0]}, the file has {list(value.shape)}")

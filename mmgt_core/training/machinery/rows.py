"""Made data: mapped arrays of a folder, one row an item; each row is made once, and a stopped run goes on."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mmgt_core.errors import MMGTError
from mmgt_core.training.machinery.making import each_done

Array = npt.NDArray[Any]


class MadeDataError(MMGTError):
    """A folder does not hold what was asked for."""


def array_path(folder: Path, name: str) -> Path:
    """Where an array lies."""
    return folder / f"{name}.npy"


def mapped_array(folder: Path, name: str) -> Array:
    """An array of a folder, mapped. Raises: MadeDataError: it is absent."""
    path = array_path(folder, name)
    if not path.is_file():
        raise MadeDataError(f"{path} is absent")
    return np.lib.format.open_memmap(path, mode="r")


def make_missing(
    folder: Path,
    done_name: str,
    make_row: Callable[[int], None],
    num_processes: int,
    on_progress: Callable[[int, int], None],
) -> None:
    """Make every row that an array of flags says is not there yet.

    Args:
        folder: of the arrays.
        done_name: of the flags, (rows,); `write_row` sets them.
        make_row: from a row's index; can be pickled.
        num_processes: that work at the same time; 0 works in this one.
        on_progress: told rows done and all.
    """
    done = mapped_array(folder, done_name)
    missing = np.flatnonzero(done == 0).tolist()
    jobs = [partial(make_row, index) for index in missing]
    for number, _ in enumerate(each_done(jobs, num_processes), len(done) - len(missing) + 1):
        on_progress(number, len(done))


def write_flags(folder: Path, name: str, num_rows: int) -> None:
    """Write that no row is done yet; whole or not at all, for it says that the other arrays are there."""
    part = folder / f"{name}.part"
    with part.open("wb") as file:
        np.save(file, np.zeros(num_rows, np.uint8))
    part.rename(array_path(folder, name))


def write_row(folder: Path, index: int, rows: Mapping[str, object], done: str) -> None:
    """Write one row of some arrays, by name, and then into the array `done` that it is whole."""
    for name, value in {**rows, done: np.uint8(1)}.items():
        array = np.lib.format.open_memmap(array_path(folder, name), mode="r+")
        array[index] = value
        array.flush()


def require_same_makers(path: Path, wanted: Mapping[str, object], told: str) -> None:
    """Write down by what a folder is made, or find the same written.

    Raises:
        MadeDataError: something else is written; `told` says how it was made, and what differs follows.
    """
    found = json.loads(path.read_text()) if path.is_file() else wanted
    differing = [name for name, value in wanted.items() if found.get(name) != value]
    if differing:
        raise MadeDataError(f"{path.parent} was {told}: {', '.join(differing)}")
    path.write_text(json.dumps(wanted, indent=1) + "\n")

"""How commands of the method end: a foreseen error is a line and an exit status; a signal leaves no half-made file."""

import ctypes
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from importlib import import_module
from types import FrameType
from typing import Any

import typer

from mmgt_core.errors import Cancelled, DownloadError, InputError, MMGTError, UsageError, WeightsError

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (UsageError, 2),
    (InputError, 3),
    (WeightsError, 4),
    (DownloadError, 4),
    (Cancelled, 130),
    (MMGTError, 1),
    (OSError, 1),
)
"""Exception to exit status; wrong options are 2 as well."""


_CUDA_LIBRARY = "libcuda.so.1"


class Device(StrEnum):
    """Where to run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


def work(module: str) -> Any:  # noqa: ANN401 - whatever the module offers
    """What does a command's work, imported when its words are read: help and refusals do not wait for torch."""
    return import_module(f"mmgt_core.{module}")


def check_device(device: Device) -> None:
    """Refuse a GPU where there is not even a driver; torch, which knows the rest, takes a second to ask.

    Raises:
        typer.BadParameter: there is no driver.
    """
    if device is not Device.CUDA:
        return
    try:
        ctypes.CDLL(_CUDA_LIBRARY)
    except OSError as error:
        raise typer.BadParameter(f"--device is cuda, and no GPU can be used: {error}") from error


def run_app(app: typer.Typer, words: Sequence[str], program: str) -> None:
    """Run a command line, without the program's name. Ends with SystemExit."""
    try:
        app(args=list(words), prog_name=program)
    except (MMGTError, OSError) as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM end a run at once, and leave no unfinished file.

    Only the first one raises, so that a second does not disturb the tidying up. A library may swallow what a signal
    raises; hence the function that tells whether there was one, which a run asks at each step.

    Raises:
        Cancelled: there was a signal.
    """
    is_interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal is_interrupted
        if not is_interrupted:
            is_interrupted = True
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: is_interrupted
    except KeyboardInterrupt as error:
        raise Cancelled("interrupted; nothing was written") from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""`mmgt train PROCESS`: train one of the networks from a configuration; the same command goes on after a kill."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from mmgt_core.commands.running import Device, check_device, run_app, work
from mmgt_core.errors import Cancelled
from mmgt_core.progress_bar import ProgressBar
from mmgt_core.training.machinery.configuration import (
    ConfigurationError,
    TrainingConfiguration,
    packaged_names,
    read_configuration,
)
from mmgt_core.training.processes.by_name import PROCESSES

app = typer.Typer(add_completion=False)


ProcessName = Annotated[str, typer.Argument(metavar="PROCESS", help=f"One of {', '.join(PROCESSES)}.")]
Configuration = Annotated[
    str, typer.Option("--config", help=f"A TOML file, or one of {', '.join(packaged_names())}.", show_default=False)
]
DataFolder = Annotated[
    Path, typer.Option("--data", help="What `mmgt data prepare` wrote, or where synthetic data is made and kept.")
]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder of this run: checkpoint, weights, samples, report.")]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Instead of the configuration's.")]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that make synthetic data.")]
DeviceName = Annotated[Device, typer.Option("--device", help="auto takes a GPU where there is one.")]


@app.command()
def train(
    process: ProcessName,
    config: Configuration,
    data: DataFolder,
    out: OutFolder,
    steps: Steps = None,
    workers: Workers = 1,
    device: DeviceName = Device.AUTO,
) -> None:
    """Train one process, from where the folder's run stands. Under `torchrun` several processes train together."""
    _configuration(process, config, steps)  # a wrong name is told before a second goes into torch
    check_device(device)
    place = work("commands.devices").place_of(device)
    configuration = _configuration(process, config, steps, is_on_gpu=place.type == "cuda")
    if not sys.stderr.isatty():
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with ProgressBar() as bar, _interruptible() as is_interrupted:

        def on_data(done: int, total: int) -> None:
            bar.advance("data", done, total)
            if is_interrupted():
                raise Cancelled("interrupted while data were made; what is made stays")

        work("training.machinery.checkpointing").claim_folder(out, configuration)
        prepared = PROCESSES[process](configuration, data, workers, on_data)
        work("training.machinery.loop").run_training(
            prepared.process,
            prepared.data,
            configuration.loop,
            out,
            place,
            partial(bar.advance, f"training {process}"),
            is_interrupted,
        )
    typer.echo(out / work("training.machinery.report").REPORT_FILE)


def run(arguments: Sequence[str]) -> None:
    """Run these words of a command line. Ends with SystemExit."""
    run_app(app, arguments[1:], "mmgt train")


def _configuration(process: str, name: str, steps: int | None, *, is_on_gpu: bool = False) -> TrainingConfiguration:
    if process not in PROCESSES:
        raise typer.BadParameter(f"there is no process {process}; there are {', '.join(PROCESSES)}")
    configuration = read_configuration(name, is_on_gpu=is_on_gpu)
    if configuration.process != process:
        raise ConfigurationError(f"{name} is a configuration of {configuration.process}, not of {process}")
    if steps is None:
        return configuration
    return replace(configuration, loop=replace(configuration.loop, steps=steps))


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C or SIGTERM lets the step end and a checkpoint be written; the second ends at once.

    Raises:
        Cancelled: there were two signals.
    """
    num_signals = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal num_signals
        num_signals += 1
        if num_signals > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: num_signals > 0
    except KeyboardInterrupt as error:
        raise Cancelled("interrupted; the newest checkpoint stands") from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

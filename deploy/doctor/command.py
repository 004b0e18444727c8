"""`mmgt doctor`: every look at once, a line each; exit status 1 where one failed. `mmgt serve` tells what is off."""

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.doctor.finding import Finding, Verdict, fault
from deploy.doctor.machine import (
    look_at_disk,
    look_at_gpu,
    look_at_identity,
    look_at_memory,
    look_at_ports,
    look_at_weights,
)
from deploy.doctor.neighbours import look_at_clock, look_at_storage, look_at_store, store_settings
from jobs.settings import Settings

app = typer.Typer(add_completion=False, help="Look at what the service needs.")


def run(arguments: Sequence[str]) -> None:
    """Run the command; ends with SystemExit."""
    app(args=arguments[1:], prog_name="mmgt doctor")


@app.command()
def doctor(
    data: Annotated[Path | None, typer.Option(help="Data folder of `mmgt serve`.")] = None,
    hash_weights: Annotated[
        bool, typer.Option("--hash-weights", help="Read every weights file whole and compare its SHA-256.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array instead of lines.")] = False,
) -> None:
    """Look at GPU, memory, disk, ports, weights, identity, store, storage and clock; what to do stands behind `->`."""
    findings = examine(data, hash_weights)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        typer.echo("\n".join(finding.line for finding in findings))
    sys.exit(any(finding.verdict is Verdict.FAIL for finding in findings))


def examine(data: Path | None, hash_weights: bool = False) -> list[Finding]:
    """Look at everything, as this process's environment has it. Args: hash_weights: read them whole."""
    try:
        settings = Settings() if data is None else Settings(data=data)
    except ValidationError as error:
        return [fault("settings", said, "docs/settings.md says what it takes") for said in told(error)]
    store = store_settings(settings)
    return _all_at_once(
        partial(look_at_gpu, settings),
        partial(look_at_memory, settings),
        partial(look_at_disk, settings),
        partial(look_at_ports, settings, store),
        partial(look_at_weights, settings, hash_weights),
        partial(look_at_identity, settings),
        partial(look_at_store, settings, store),
        partial(look_at_storage, settings),
        partial(look_at_clock, settings, store),
    )


def what_is_off(settings: Settings) -> list[Finding]:
    """Look at what a start needs and does not itself try: no ports, no identity, no store of its own."""
    looks = (look_at_gpu, look_at_memory, look_at_disk, look_at_weights, look_at_storage)
    clock = partial(look_at_clock, settings, None)
    findings = _all_at_once(*(partial(look, settings) for look in looks), clock)
    return [finding for finding in findings if finding.verdict is not Verdict.OK]


def told(error: ValidationError) -> list[str]:
    """Each thing that is wrong with the settings, by its variable's name."""
    found = error.errors(include_url=False, include_input=False)
    return [f"MMGT_{'__'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in found]


def _all_at_once(*looks: Callable[[], Finding]) -> list[Finding]:
    """In the order given; a neighbour that is slow to answer holds nobody up."""
    with ThreadPoolExecutor(len(looks)) as pool:
        return list(pool.map(lambda look: look(), looks))

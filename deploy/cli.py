"""The `mmgt` command: which part knows which command. Only the part that is asked for is imported, so help is quick."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

import typer

USAGE_ERROR = 2


@dataclass(frozen=True)
class Part:
    """A module with `run(arguments)`, and its commands with a line of help each."""

    module: str
    commands: dict[str, str]


PARTS = (
    Part(
        "mmgt_core.cli",
        {
            "generate": "Make a video of the person in an image speaking and gesturing to a recording.",
            "weights": "Fetch, convert and list the published weights.",
            "parity": "Compare this program with recorded numbers.",
            "verify": "Read the provenance mark of a video.",
        },
    ),
    Part(
        "mmgt_core.commands.evaluate",
        {"evaluate": "Measure videos against true ones: one report with table, plots and a sheet."},
    ),
    Part(
        "mmgt_core.commands.synthesize", {"synthesize": "Draw a person who speaks, with all that is known of the clip."}
    ),
    Part("mmgt_core.commands.train", {"train": "Train one of the method's networks; goes on where it stood."}),
    Part("mmgt_core.commands.bench", {"bench": "Measure what a preset costs on this machine; compare two reports."}),
    Part("mmgt_core.commands.data", {"data": "Make training data of videos: crops, keypoints, features, windows."}),
    Part(
        "deploy.commands",
        {
            "serve": "Run the whole service on this machine: API, queue, storage and a render worker.",
        },
    ),
    Part(
        "deploy.client_commands",
        {
            "submit": "Send an image and a recording to a running service, follow it, download the video.",
            "list": "List your videos on a service.",
            "get": "Tell how a video is.",
            "cancel": "End a video that waits or runs.",
            "download": "Write a finished video, and what is wanted beside it.",
            "delete": "Remove a video with all that it was made of.",
        },
    ),
    Part(
        "deploy.doctor.command",
        {"doctor": "Look at GPU, memory, disk, ports, weights, identity, store, storage and clock."},
    ),
    Part("deploy.keys", {"keys": "Make, list and revoke API keys; show and rotate webhook secrets."}),
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command of this process's command line; ends with SystemExit."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("--help", "-h", "help"):
        typer.echo(_help())
        sys.exit(0 if words else USAGE_ERROR)
    if words[0] == "--version":
        typer.echo(f"mmgt {version('mmgt')}")
        sys.exit(0)
    part = next((part for part in PARTS if words[0] in part.commands), None)
    if part is None:
        names = ", ".join(name for part in PARTS for name in part.commands)
        typer.echo(f"mmgt: there is no command {words[0]!r}; there are {names}", err=True)
        sys.exit(USAGE_ERROR)
    import_module(part.module).run(words)
    sys.exit(0)


def _help() -> str:
    rows = [f"  {name:<10} {text}" for part in PARTS for name, text in part.commands.items()]
    return "\n".join(
        [
            "Usage: mmgt COMMAND …",
            "",
            "A portrait and speech become a video of that person speaking and gesturing.",
            "",
            *rows,
            "",
            "`mmgt COMMAND --help` tells its options; `mmgt --version` the version.",
        ]
    )

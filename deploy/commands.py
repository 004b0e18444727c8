"""`mmgt serve`: its options; what it does is imported when they are read."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The service around the method.")


def run(arguments: Sequence[str]) -> None:
    """Run the command; ends with SystemExit."""
    app(args=arguments[1:], prog_name=f"mmgt {arguments[0]}")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback needs a key.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of everything that lasts: queue, uploads, videos.")] = None,
) -> None:
    """Run API, queue, storage and workers on this machine until Ctrl-C. State survives a restart."""
    given = {"host": host, "port": port, "data": data}
    present = {name: value for name, value in given.items() if value is not None}
    sys.exit(import_module("deploy.serving").serve_as_asked(present))

"""The service's commands: serve, submit."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from deploy.doctor.command import told
from deploy.embedded.valkey import DataFolderInUse
from deploy.serve import serve_forever, temporary_service
from deploy.submit import SUFFIXES, Submission, SubmitFailed, beside, submit
from jobs.errors import JobsError
from jobs.logging import is_for_the_eye
from jobs.ports import PortUnusable
from jobs.settings import Settings
from mmgt_core.errors import MMGTError
from mmgt_core.progress_bar import ProgressBar
from worker.launch import preset_to_serve

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The service around the method.")

USAGE_ERROR = 2
DEFAULT_URL = "http://127.0.0.1:8000"


def run(arguments: Sequence[str]) -> None:
    """Run one of these commands; ends with SystemExit."""
    try:
        app(args=arguments, prog_name="mmgt")
    except ValidationError as error:
        typer.echo("\n".join(f"mmgt: {said}" for said in told(error)), err=True)
        sys.exit(USAGE_ERROR)
    except PortUnusable as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(USAGE_ERROR)
    except (SubmitFailed, DataFolderInUse, JobsError, MMGTError, OSError) as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(1)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; other than loopback needs a key.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of everything that lasts: queue, uploads, videos.")] = None,
) -> None:
    """Run API, queue, storage and workers on this machine until Ctrl-C. State survives a restart."""
    given = {"host": host, "port": port, "data": data}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    if is_for_the_eye(settings.log):
        preset, place = preset_to_serve(settings), settings.data.absolute()
        typer.echo(f"mmgt {version('mmgt')} starts with {preset}; everything that lasts lies in {place}", err=True)
    sys.exit(serve_forever(settings, lambda url: typer.echo(f"ready {url}")))


@app.command("submit")
def submit_command(
    image: Annotated[Path, typer.Option(help="Portrait: PNG, JPEG or WebP.")],
    out: Annotated[Path, typer.Option(help="The MP4 to write.")],
    audio: Annotated[Path | None, typer.Option(help="Speech: wav, mp3, flac, ogg, m4a, aac or webm.")] = None,
    driving_video: Annotated[Path | None, typer.Option(help="Its poses stand instead of stage 1.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Another field of the request, NAME=VALUE.")] = None,
    save: Annotated[str, typer.Option(help=f"Also download, by comma: {', '.join(SUFFIXES)}.")] = "",
    url: Annotated[str, typer.Option(help="Of the service.")] = DEFAULT_URL,
    api_key: Annotated[str | None, typer.Option(envvar="MMGT_API_KEY", help="Where the service asks for one.")] = None,
    start: Annotated[Path | None, typer.Option(help="Start a service on this data folder for the one video.")] = None,
) -> None:
    """Send an image and a recording to a running service, follow it, download the video."""
    files = {"image": image, "audio": audio, "driving_video": driving_video}
    present = {name: path for name, path in files.items() if path is not None}
    variants = _variants(save)
    out.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if start is not None:
            url = stack.enter_context(temporary_service(start))
        submission = Submission(url.rstrip("/"), present, _fields(field or []), api_key)
        with ProgressBar() as bar:
            video = submit(submission, out, variants, bar)
    for warning in video.get("warnings", []):
        typer.echo(f"warning: {warning['message']}", err=True)
    typer.echo(f"the same by hand:\n  {submission.as_curl()}", err=True)
    for path in (out, *(beside(out, variant) for variant in variants)):
        typer.echo(path)


def _variants(save: str) -> list[str]:
    names = [name.strip() for name in save.split(",") if name.strip()]
    unknown = [name for name in names if name not in SUFFIXES]
    if unknown:
        raise typer.BadParameter(f"--save has {', '.join(unknown)}; it takes {', '.join(SUFFIXES)}")
    return names


def _fields(pairs: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise typer.BadParameter(f"--field {wrong[0]!r}; NAME=VALUE is needed")
    return dict(pair.split("=", 1) for pair in pairs)

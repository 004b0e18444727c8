"""What `mmgt serve` does with its options: settings, a line for a person, the service, and each way it can end."""

from collections.abc import Mapping
from importlib.metadata import version

import typer
from pydantic import ValidationError

from deploy.doctor.command import told
from deploy.embedded.valkey import DataFolderInUse
from deploy.serve import serve_forever
from jobs.errors import JobsError
from jobs.logging import is_for_the_eye
from jobs.ports import PortUnusable
from jobs.settings import Settings
from mmgt_core.errors import MMGTError
from worker.launch import preset_to_serve

USAGE_ERROR = 2


def serve_as_asked(given: Mapping[str, object]) -> int:
    """Serve until a signal. Args: given: settings that were options. Returns: the exit status."""
    try:
        return _serve(Settings(**given))  # type: ignore[arg-type]
    except ValidationError as error:
        typer.echo("\n".join(f"mmgt: {said}" for said in told(error)), err=True)
        return USAGE_ERROR
    except PortUnusable as error:
        typer.echo(f"mmgt: {error}", err=True)
        return USAGE_ERROR
    except (DataFolderInUse, JobsError, MMGTError, OSError) as error:
        typer.echo(f"mmgt: {error}", err=True)
        return 1


def _serve(settings: Settings) -> int:
    if is_for_the_eye(settings.log):
        preset, place = preset_to_serve(settings), settings.data.absolute()
        typer.echo(f"mmgt {version('mmgt')} starts with {preset}; everything that lasts lies in {place}", err=True)
    return serve_forever(settings, lambda url: typer.echo(f"ready {url}"))

"""API keys and webhook secrets, made on the command line, kept in the store: of keys only their hash."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from jobs.errors import JobsError
from jobs.keys import new_api_key, new_webhook_secret
from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from jobs.verbs.registry import Scope

app = typer.Typer(no_args_is_help=True, add_completion=False, help="API keys and webhook secrets.")

STORE_URL_FILE = "store.url"
"""In the data folder of `mmgt serve`: where its store answers; readable by its owner only."""

Data = Annotated[Path | None, typer.Option("--data", help="Data folder of a running `mmgt serve`.")]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose.")]


def run(arguments: Sequence[str]) -> None:
    """Run `keys` and one of its commands; ends with SystemExit."""
    try:
        app(args=arguments[1:], prog_name=f"mmgt {arguments[0]}")
    except (JobsError, OSError) as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(1)


@app.command()
def create(
    tenant: Tenant,
    scope: Annotated[Scope, typer.Option(help="user: own videos; operator: the whole queue too.")] = Scope.USER,
    data: Data = None,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    settings = Settings()
    text, key = new_api_key(tenant, scope, settings.auth.key_prefix)
    open_store(settings, data).add_api_key(key, settings.auth.max_keys_per_tenant)
    typer.echo(text)


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this one's.")] = None, data: Data = None
) -> None:
    """List keys: id, tenant, scope, first letters, state."""
    for key in open_store(Settings(), data).list_api_keys(tenant):
        state = "active" if key.revoked_at_ms is None else "revoked"
        typer.echo(f"{key.id}  {key.tenant}  {key.scope}  {key.prefix}…  {state}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `list` shows it.")], data: Data = None) -> None:
    """Revoke a key, for good."""
    if not open_store(Settings(), data).revoke_api_key(key_id):
        raise typer.BadParameter(f"there is no key {key_id}")


@app.command("webhook-secret")
def webhook_secret(
    tenant: Tenant,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new one; the old one stays a day.")] = False,
    data: Data = None,
) -> None:
    """Show the secret with which a tenant's webhooks are signed, the newest first while one rotates."""
    settings = Settings()
    store = open_store(settings, data)
    if rotate:
        store.rotate_webhook_secret(tenant, new_webhook_secret(), settings.webhooks.secret_overlap_s)
    for secret in store.ensure_webhook_secret(tenant, new_webhook_secret()):
        typer.echo(secret)


def open_store(settings: Settings, data: Path | None) -> JobStore:
    """The store of the environment's settings, or that of a running `mmgt serve` on a data folder."""
    file = (data or settings.data) / STORE_URL_FILE
    if data is None and not file.is_file():
        return JobStore(settings.store)
    if not file.is_file():
        raise typer.BadParameter(f"no service has run on {data}: {file.name} is absent")
    return JobStore(StoreSettings.model_validate({**settings.store.model_dump(), "url": file.read_text().strip()}))

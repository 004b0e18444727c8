"""API keys and webhook secrets, made on the command line, kept in the store: of keys only their hash."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from jobs.errors import JobsError, StoreUnavailable
from jobs.keys import new_api_key, new_webhook_secret
from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from jobs.verbs.registry import Scope

app = typer.Typer(no_args_is_help=True, add_completion=False, help="API keys and webhook secrets.")

STORE_URL_FILE = "store.url"
"""In the data folder of `mmgt serve`: where its store answers; readable by its owner only."""

_ADDRESS_WITHIN_S, _POLL_S = 10.0, 0.05

Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder of `mmgt serve`; it may run, or not yet have run.")
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose.")]
MaybeTenant = Annotated[
    str | None, typer.Option("--tenant", help="Whose; by default the tenant that keyless requests belong to.")
]


def run(arguments: Sequence[str]) -> None:
    """Run `keys` and one of its commands; ends with SystemExit."""
    try:
        app(args=arguments[1:], prog_name=f"mmgt {arguments[0]}")
    except (JobsError, OSError) as error:
        typer.echo(f"mmgt: {error}", err=True)
        sys.exit(1)


@app.command()
def create(
    tenant: MaybeTenant = None,
    scope: Annotated[Scope, typer.Option(help="user: own videos; operator: the whole queue too.")] = Scope.USER,
    data: Data = None,
) -> None:
    """Make a key. It is shown this once; only its hash is kept.

    Without a key a service takes requests from this machine alone, and its videos belong to the tenant `default`. From
    the first key on every request needs one, and only a key of that tenant reaches those videos.
    """
    settings = Settings()
    owner = settings.default_tenant if tenant is None else tenant
    text, key = new_api_key(owner, scope, settings.auth.key_prefix)
    with opened_store(settings, data) as store:
        is_first = not settings.api_keys and not store.has_api_keys()
        has_videos = bool(store.list_jobs(settings.default_tenant, limit=1).jobs)
        store.add_api_key(key, settings.auth.max_keys_per_tenant)
    typer.echo(text)
    if is_first:
        typer.echo("note: this is the first key; from now on every request needs one (--key or MMGT_KEY)", err=True)
    if is_first and has_videos and owner != settings.default_tenant:
        typer.echo(
            f"note: there are videos that were made without a key; they belong to tenant {settings.default_tenant}, "
            f"which this key does not reach: mmgt keys create --tenant {settings.default_tenant} makes one that does",
            err=True,
        )


@app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this one's.")] = None, data: Data = None
) -> None:
    """List keys: id, tenant, scope, first letters, state."""
    with opened_store(Settings(), data) as store:
        keys = store.list_api_keys(tenant)
    for key in keys:
        state = "active" if key.revoked_at_ms is None else "revoked"
        typer.echo(f"{key.id}  {key.tenant}  {key.scope}  {key.prefix}…  {state}")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="As `list` shows it.")], data: Data = None) -> None:
    """Revoke a key, for good."""
    with opened_store(Settings(), data) as store:
        is_revoked = store.revoke_api_key(key_id)
    if not is_revoked:
        raise typer.BadParameter(f"there is no key {key_id}")


@app.command("webhook-secret")
def webhook_secret(
    tenant: Tenant,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new one; the old one stays a day.")] = False,
    data: Data = None,
) -> None:
    """Show the secret with which a tenant's webhooks are signed, the newest first while one rotates."""
    settings = Settings()
    with opened_store(settings, data) as store:
        if rotate:
            store.rotate_webhook_secret(tenant, new_webhook_secret(), settings.webhooks.secret_overlap_s)
        webhook_secrets = store.ensure_webhook_secret(tenant, new_webhook_secret())
    for secret in webhook_secrets:
        typer.echo(secret)


@contextmanager
def opened_store(settings: Settings, data: Path | None) -> Iterator[JobStore]:
    """The store that MMGT_STORE__URL names, else a data folder's: of a service that runs, or started for the moment.

    Raises:
        StoreUnavailable: it does not answer.
    """
    if data is None and "url" in settings.store.model_fields_set:
        with closing(JobStore(settings.store)) as store:
            yield store
        return
    folder = data or settings.data
    with ExitStack() as stack:
        url = stack.enter_context(_store_url(folder))
        values = {**settings.store.model_dump(), "url": url}
        yield stack.enter_context(closing(JobStore(StoreSettings.model_validate(values))))


@contextmanager
def _store_url(data: Path) -> Iterator[str]:
    """Where a data folder's store answers. Its lock tells whether a service has it; if none, it is started here."""
    try:
        embedded = import_module("deploy.embedded.valkey")
    except ModuleNotFoundError as error:
        raise typer.BadParameter("MMGT_STORE__URL is not set, and no store is embedded in this installation") from error
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        own = embedded.EmbeddedValkey(data / "valkey", free_within_s=0.0)
    except embedded.DataFolderInUse:
        yield _url_of_running(data)
        return
    with own:
        yield own.url


def _url_of_running(data: Path) -> str:
    """A service that has just taken the folder's lock writes the address within moments."""
    ends_at_s = time.monotonic() + _ADDRESS_WITHIN_S
    while not (data / STORE_URL_FILE).is_file() and time.monotonic() < ends_at_s:
        time.sleep(_POLL_S)
    try:
        return (data / STORE_URL_FILE).read_text().strip()
    except FileNotFoundError as error:
        raise StoreUnavailable(f"a service starts on {data}, and its {STORE_URL_FILE} is absent; try again") from error

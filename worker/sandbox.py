"""The preflight worker's hold on its sandbox: a process without secrets that decodes what strangers sent."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from jobs.logging import logger
from worker.errors import SandboxLost

log = logger(__name__)

_PASSED_ON = ("PATH", "HOME", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR")
_GRACE_S = 5.0
_START_S = 120.0


class Sandbox:
    """Starts at the first question, and again after it was lost. One question at a time."""

    def __init__(self, timeout_s: float, memory_bytes: int) -> None:
        self._timeout_s, self._memory_bytes = timeout_s, memory_bytes
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until its decoders are imported.

        Raises:
            SandboxLost
        """
        env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker.sandbox_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**env, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        )
        self._read_line(_START_S)

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer about some files (`worker.inspection.Question`); `{"timed_out": true}` when it came late.

        Raises:
            SandboxLost: it died; the next question starts it anew.
        """
        if self._process is None:
            self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        asked = {"question": question, "timeout_s": self._timeout_s, "memory_bytes": self._memory_bytes}
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            self.stop()
            raise SandboxLost("the sandbox was gone") from error
        return self._read_line(2 * self._timeout_s + _GRACE_S)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _read_line(self, timeout_s: float) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        started_at_s = time.monotonic()
        ready = select.select([self._process.stdout], [], [], timeout_s)[0]
        line = self._process.stdout.readline() if ready else ""
        if not line:
            self.stop()
            raise SandboxLost(f"no word from the sandbox after {time.monotonic() - started_at_s:.1f} s")
        answer: dict[str, Any] = json.loads(line)
        return answer

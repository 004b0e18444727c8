"""`python -m worker.sandbox_server SOCKET`: answers questions about files, each in a forked child with limits.

The decoders are imported once, here; a child starts in milliseconds, and takes whatever a hostile file does with it.
The environment holds no secret: whoever starts this passes none.
"""

import contextlib
import ctypes
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from worker.inspection import Question, blame, inspect, unreadable

logger = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MAX_ANSWER_BYTES = 1_000_000
_MAX_OPEN_FILES = 256
_BLAME_S = 2.0
_libc = ctypes.CDLL(None, use_errno=True)


def main(path: str) -> None:
    """Answer one line with one line on each connection, for ever."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as reading:
                asked = json.loads(reading.readline())
                found = answer(Question(**asked["question"]), asked["timeout_s"], asked["memory_bytes"])
                with contextlib.suppress(OSError):  # who asked is gone
                    connection.sendall(json.dumps(found).encode() + b"\n")


def answer(question: Question, timeout_s: float, memory_bytes: int) -> dict[str, Any]:
    """Return the answer, also where a file kills its decoder; `{"timed_out": true}` where it took too long."""
    found = in_child(lambda: inspect(question), timeout_s, memory_bytes)
    if found is not None:
        return found
    if "video" in question.files:
        return {"error": "the file could not be read within the limits of memory and time"}
    return in_child(lambda: blame(question), _BLAME_S, memory_bytes) or unreadable("image")


def in_child(work: Callable[[], dict[str, Any]], timeout_s: float, memory_bytes: int) -> dict[str, Any] | None:
    """Do it in a forked child under limits; None when the child died of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work_and_exit(work, writing, timeout_s, memory_bytes)
    os.close(writing)
    try:
        written, is_late = _read_all(reading, time.monotonic() + timeout_s)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)  # not reaped yet, so the number is still this child's
        os.waitpid(child, 0)
    if is_late:
        return {"timed_out": True}
    return json.loads(written) if written else None


def _work_and_exit(work: Callable[[], dict[str, Any]], writing: int, timeout_s: float, memory_bytes: int) -> None:
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _limit(timeout_s, memory_bytes)
        written = json.dumps(work()).encode()
        while written:
            written = written[os.write(writing, written) :]
    except BaseException:  # MemoryError among others; the parent sees an empty answer
        logger.exception("inspection_died")
        os._exit(1)
    os._exit(0)


def _limit(timeout_s: float, memory_bytes: int) -> None:
    with open("/proc/self/statm") as statm:
        held_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: held_bytes + memory_bytes,
        resource.RLIMIT_CPU: int(timeout_s * (os.cpu_count() or 1)) + 1,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _MAX_OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)  # no network, where the system allows it


def _read_all(descriptor: int, ends_at_s: float) -> tuple[bytes, bool]:
    """Read to the end; the second value says that the time was over first."""
    written = b""
    while (left_s := ends_at_s - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left_s)[0]:
            break
        part = os.read(descriptor, 65536)
        written += part
        if not part or len(written) > _MAX_ANSWER_BYTES:
            return written, False
    return b"", True


if __name__ == "__main__":
    main(sys.argv[1])

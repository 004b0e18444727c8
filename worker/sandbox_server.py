"""`python -m worker.sandbox_server SOCKET`: answers questions about files, each in a forked child with limits.

The decoders are imported once, here; a child starts in milliseconds, and takes whatever a hostile file does with it.
The environment holds no secret: whoever starts this passes none. Each connection has an attendant of its own, so that a
file that takes its time holds nobody else's.
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
from collections.abc import Callable, Iterator
from typing import Any, Never

from worker.inspection import Question, beyond_limits, inspect
from worker.sandbox import Bounds

logger = logging.getLogger(__name__)

Tell = Callable[[dict[str, Any]], None]
"""Says a line on the way to the answer: `{"input": …}` when another one is looked at, or a step of its pictures."""

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MAX_ANSWER_BYTES = 1_000_000
_MAX_OPEN_FILES = 256
_libc = ctypes.CDLL(None, use_errno=True)


def main(path: str) -> None:
    """Answer one line with some lines on each connection, for ever; the last one has `answer`."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # attendants leave no zombies
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        while True:
            connection, _ = listening.accept()
            with connection:
                if os.fork() == 0:
                    listening.close()
                    _attend(connection)


def _attend(connection: socket.socket) -> Never:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with contextlib.suppress(OSError), connection.makefile("rb") as reading:  # OSError: who asked is gone
        asked = json.loads(reading.readline())
        answer(Question(**asked["question"]), Bounds(**asked["bounds"]), connection)
    os._exit(0)


def answer(question: Question, bounds: Bounds, connection: socket.socket) -> None:
    """Say the answer, also where a file kills its decoder; `{"timed_out": true}` where it took too long."""

    def say(line: dict[str, Any]) -> None:
        connection.sendall(json.dumps(line).encode() + b"\n")

    looked_at = next(iter(question.files))
    for line in in_child(lambda tell: inspect(question, tell), bounds, connection):
        looked_at = line.get("input", looked_at)
        if "died" in line or "timed_out" in line:
            line = {"answer": beyond_limits(looked_at) | dict.fromkeys(line, True)}
        say(line)


def in_child(work: Callable[[Tell], dict[str, Any]], bounds: Bounds, asker: socket.socket) -> Iterator[dict[str, Any]]:
    """Do it in a forked child under limits; gives its lines, the last of which is `answer`, `died` or `timed_out`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asker.close()
        _work_and_exit(work, writing, bounds)
    os.close(writing)
    try:
        yield from _lines(reading, bounds, asker)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)  # not reaped yet, so the number is still this child's
        os.waitpid(child, 0)


def _lines(reading: int, bounds: Bounds, asker: socket.socket) -> Iterator[dict[str, Any]]:
    ends_at_s, unfinished = time.monotonic() + bounds.timeout_s, b""
    while (left_s := min(bounds.silence_s, ends_at_s - time.monotonic())) > 0:
        ready = select.select([reading, asker.fileno()], [], [], left_s)[0]
        if asker.fileno() in ready:  # it says nothing more: it is gone
            raise ConnectionResetError
        if not ready:
            break
        part = os.read(reading, 65536)
        *lines, unfinished = (unfinished + part).split(b"\n")
        for line in lines:
            told = json.loads(line)
            yield told
            if "answer" in told:
                return
        if not part or len(unfinished) > _MAX_ANSWER_BYTES:
            yield {"died": True}
            return
    yield {"timed_out": True}


def _work_and_exit(work: Callable[[Tell], dict[str, Any]], writing: int, bounds: Bounds) -> Never:
    def tell(line: dict[str, Any]) -> None:
        written = json.dumps(line).encode() + b"\n"
        while written:
            written = written[os.write(writing, written) :]

    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _limit(bounds)
        tell({"answer": work(tell)})
    except BaseException:  # MemoryError among others; the parent sees no answer
        logger.exception("inspection_died")
        os._exit(1)
    os._exit(0)


def _limit(bounds: Bounds) -> None:
    with open("/proc/self/statm") as statm:
        held_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: held_bytes + bounds.memory_bytes,
        resource.RLIMIT_CPU: int(bounds.timeout_s * (os.cpu_count() or 1)) + 1,
        resource.RLIMIT_FSIZE: bounds.file_bytes,
        resource.RLIMIT_NOFILE: _MAX_OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))
    _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)  # no network, where the system allows it


if __name__ == "__main__":
    main(sys.argv[1])

"""What a worker's consumer loop and its pool child tell each other: a pipe up, one flag down.

A pipe of short lines and one byte of shared memory need no lock, so that a child killed at any moment blocks nobody.
"""

import json
import mmap
import os
from collections.abc import Iterator
from typing import Any

_MAX_NOTICE_BYTES = 4096
"""PIPE_BUF: writes up to this size are whole or not at all."""


class NoticeBoard:
    """Made in the parent before it forks; the children inherit both ends."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._drain_flag = mmap.mmap(-1, 1)
        self._unfinished = b""
        self._held: list[str] = []

    def post(self, **facts: Any) -> None:  # noqa: ANN401
        """Tell the parent; dropped when it has not read for long.

        Raises:
            ValueError: the notice is longer than 4096 bytes.
        """
        line = json.dumps({"pid": os.getpid(), **facts}).encode() + b"\n"
        if len(line) > _MAX_NOTICE_BYTES:
            raise ValueError(f"a notice of {len(line)} bytes; the limit is {_MAX_NOTICE_BYTES}")
        try:
            os.write(self._writing, line)
        except BlockingIOError:
            return  # the parent is deaf; its own watch ends it

    def hold(self, job_id: str) -> None:
        """This process works on one more job: it is the one that is told."""
        self._held.append(job_id)
        self.tell_held()

    def let_go(self, job_id: str) -> None:
        """That work is over; an earlier one may go on."""
        self._held.remove(job_id)
        self.tell_held()

    def tell_held(self) -> None:
        """Post which job this process works on; the newest of several, None where there is none."""
        self.post(job_id=next(reversed(self._held), None))

    @property
    def descriptor(self) -> int:
        """Readable when something was posted."""
        return self._reading

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield what the children posted since the last call."""
        while True:
            try:
                written = os.read(self._reading, 65536)
            except BlockingIOError:
                return
            *lines, self._unfinished = (self._unfinished + written).split(b"\n")
            yield from (json.loads(line) for line in lines)

    def ask_to_drain(self) -> None:
        """Let the children give back their work at the next step border."""
        self._drain_flag[0] = 1

    @property
    def is_draining(self) -> bool:
        """Whether this worker was asked to stop."""
        return self._drain_flag[0] == 1

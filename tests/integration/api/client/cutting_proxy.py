"""A proxy on TCP that cuts its connections after as many bytes of the answer as a test says, and then no more."""

import contextlib
import socket
import threading
from collections.abc import Iterable
from typing import Self
from urllib.parse import urlsplit

CHUNK_BYTES = 1 << 14
ENDS_WITHIN_S = 10.0


class CuttingProxy:
    """Passes bytes on. The first connections are cut, each after its number of bytes; 0 before any."""

    def __init__(self, upstream_url: str, cuts: Iterable[int] = ()) -> None:
        address = urlsplit(upstream_url)
        self._upstream = (address.hostname, address.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        self.cuts = list(cuts)
        self.asked: list[bytes] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        shut(self._listener)
        self._listener.close()
        for end in self._ends:
            shut(end)
        for thread in self._threads:
            thread.join(ENDS_WITHIN_S)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                cut = self.cuts.pop(0) if self.cuts else None
                thread = threading.Thread(target=self._pass, args=(near, cut), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass(self, near: socket.socket, cut: int | None) -> None:
        with near, socket.create_connection(self._upstream) as far:
            self._ends += [near, far]
            there = threading.Thread(target=self._copy_there, args=(near, far), daemon=True)
            there.start()
            self._copy_back(near, far, cut)
            shut(near)
            shut(far)
            there.join(ENDS_WITHIN_S)

    def _copy_there(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := near.recv(CHUNK_BYTES):
                self.asked.append(chunk)
                far.sendall(chunk)
            far.shutdown(socket.SHUT_WR)

    def _copy_back(self, near: socket.socket, far: socket.socket, cut: int | None) -> None:
        with contextlib.suppress(OSError):
            if cut == 0:
                far.recv(1)  # what was asked has been done, and nobody hears of it
            while cut is None or cut > 0:
                chunk = far.recv(CHUNK_BYTES if cut is None else min(CHUNK_BYTES, cut))
                if not chunk:
                    return
                near.sendall(chunk)
                cut = None if cut is None else cut - len(chunk)


def shut(end: socket.socket) -> None:
    """End a connection, though another thread reads from it."""
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)

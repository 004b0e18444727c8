"""A small model hub on loopback: the answers that the hub's own client needs, and the ways in which they go wrong."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

LARGE_BYTES = 1000
"""From here on a file is described by its SHA-256 and served by redirect, as large files are."""


@dataclass
class Repository:
    """What the hub has under one name."""

    files: dict[str, bytes]
    licence: str | None = "mit"
    commit: str = "1" * 40
    stated_bytes: dict[str, int] = field(default_factory=dict)

    def description(self, name: str) -> dict[str, object]:
        """The model info with file metadata."""
        siblings = [self._sibling(path, content) for path, content in self.files.items()]
        card = {"cardData": {"license": self.licence}} if self.licence else {}
        return {"id": name, "sha": self.commit, "siblings": siblings, "tags": [], **card}

    def _sibling(self, path: str, content: bytes) -> dict[str, object]:
        size = self.stated_bytes.get(path, len(content))
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        large = {"lfs": {"size": size, "sha256": hashlib.sha256(content).hexdigest(), "pointerSize": 134}}
        return {"rfilename": path, "size": size, "blobId": blob, **(large if size >= LARGE_BYTES else {})}


@dataclass
class ModelHub:
    """What the hub has, how it misbehaves, and what it was asked.

    served_instead: path to content that is sent in place of the described one. drop_connection_after: path to the
    bytes after which its next transfer breaks off. refusals: part of an address to the status it gets.
    """

    repositories: dict[str, Repository]
    served_instead: dict[str, bytes] = field(default_factory=dict)
    drop_connection_after: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    transfers: list[tuple[str, str | None]] = field(default_factory=list)
    endpoint: str = ""

    def transferred(self) -> list[str]:
        """Paths of the files whose content was asked for."""
        return [path for path, _ in self.transfers]


@contextmanager
def serving(hub: ModelHub) -> Iterator[ModelHub]:
    """Serve on a free port of loopback until the block ends."""

    class Handler(_Handler):
        model_hub = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model_hub: ModelHub

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        refused = next((status for part, status in self.model_hub.refusals.items() if part in path), None)
        if refused:
            self._answer(refused, b"")
        elif found := re.fullmatch(r"/api/models/(.+)/revision/main", path):
            self._describe(found[1])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)", path):
            self._resolve(found[1], found[2], found[3])
        elif found := re.fullmatch(r"/storage/([^/]+/[^/]+)/(.+)", path):
            self._transfer(found[1], found[2])
        else:
            self._answer(404, b"")

    def _describe(self, name: str) -> None:
        repository = self.model_hub.repositories.get(name)
        if repository:
            self._answer(200, json.dumps(repository.description(name)).encode())
        else:
            self._answer(401, b"", {"X-Error-Code": "RepoNotFound"})

    def _resolve(self, name: str, commit: str, path: str) -> None:
        repository = self.model_hub.repositories[name]
        if path not in repository.files or commit != repository.commit:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        elif len(repository.files[path]) >= LARGE_BYTES:
            self._answer(302, b"", {"Location": f"{self.model_hub.endpoint}/storage/{name}/{path}"})
        else:
            self._transfer(name, path)

    def _transfer(self, name: str, path: str) -> None:
        content = self.model_hub.served_instead.get(path, self.model_hub.repositories[name].files[path])
        wanted = self.headers["Range"]
        self.model_hub.transfers.append((path, wanted))
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        partial = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if wanted else {}
        dropped_after = self.model_hub.drop_connection_after.pop(path, None)
        self._answer(206 if wanted else 200, content[start:], partial, dropped_after)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, dropped_after: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        with suppress(ConnectionError):  # a client that stopped its pull has left
            self.wfile.write(body[:dropped_after])
        self.close_connection = self.close_connection or dropped_after is not None

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent."""

"""A result file on its way to the client: its facts, its digest, and the answer that streams it from storage."""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

import anyio.to_thread
from starlette.responses import Response, StreamingResponse

from api.byte_ranges import is_known, wanted_range
from jobs.errors import ObjectNotFound
from jobs.storage import ObjectFacts, ObjectStorage

DIGESTS_KEPT = 1000
CHUNK_BYTES = 256 * 1024
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".json": "application/json",
    ".npy": "application/octet-stream",
    ".vtt": "text/vtt; charset=utf-8",
}


class Variant(StrEnum):
    """What of a job may be downloaded: `preview` while it is rendered, the others when it is finished."""

    VIDEO = "video"
    THUMBNAIL = "thumbnail"
    POSE = "pose"
    MASKS = "masks"
    KEYPOINTS = "keypoints"
    CAPTIONS = "captions"
    MANIFEST = "manifest"
    MATTE = "matte"
    TRANSPARENT = "transparent"
    PREVIEW = "preview"


@dataclass(frozen=True)
class Content:
    """One result file.

    Attributes:
        facts: as storage tells them.
        file_name: suggested to the client, made of id and variant.
        media_type: by the key's suffix.
        repr_digest: the `Repr-Digest` header: SHA-256 of the whole file.
    """

    facts: ObjectFacts
    file_name: str
    media_type: str
    repr_digest: str

    @property
    def etag(self) -> str:
        """The strong entity tag, with its quotation marks."""
        return f'"{self.facts.etag}"'

    @property
    def headers(self) -> dict[str, str]:
        """What every answer about this file says."""
        return {
            "ETag": self.etag,
            "Repr-Digest": self.repr_digest,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'inline; filename="{self.file_name}"',
        }


class ContentShelf:
    """Finds result files; a file's digest is computed at its first download and remembered, for keys never change."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage
        self._digests: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def find(self, key: str, file_name: str) -> Content:
        """Return what is known of a result file.

        Raises:
            ObjectNotFound, StorageUnavailable
        """
        facts = await anyio.to_thread.run_sync(self._storage.head, key)
        if facts is None:
            raise ObjectNotFound(key)
        suffix = PurePosixPath(key).suffix
        media_type = MEDIA_TYPES.get(suffix, "application/octet-stream")
        return Content(facts, file_name + suffix, media_type, await self._digest(facts))

    async def presign(self, key: str, expires_s: int, file_name: str) -> str | None:
        """Return a URL that gives the file to whoever has it; None where the store cannot sign."""
        named = file_name + PurePosixPath(key).suffix
        return await anyio.to_thread.run_sync(self._storage.presign, key, expires_s, named)

    def answer(self, content: Content, method: str, asked: Mapping[str, str]) -> Response:
        """Return 200, 206, or 304 for a GET or HEAD.

        Args:
            asked: the request's headers.

        Raises:
            RangeNotSatisfiable
        """
        if is_known(asked.get("if-none-match"), content.etag):
            return Response(status_code=304, headers=content.headers)
        num_bytes = content.facts.num_bytes
        part = wanted_range(asked.get("range"), asked.get("if-range"), content.etag, num_bytes)
        first, last = (0, num_bytes - 1) if part is None else (part.first, part.last)
        headers = content.headers | {"Content-Length": str(last - first + 1), "Content-Type": content.media_type}
        if part is not None:
            headers["Content-Range"] = part.content_range
        status = 200 if part is None else 206
        if method == "HEAD":
            return Response(status_code=status, headers=headers)
        body = self._storage.stream(content.facts.key, first, last, CHUNK_BYTES)
        return StreamingResponse(body, status, headers)  # a plain iterator is read in threads

    async def _digest(self, facts: ObjectFacts) -> str:
        name = (facts.key, facts.etag)
        task = self._digests.get(name)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = asyncio.create_task(anyio.to_thread.run_sync(self._hash, facts.key))
            self._digests[name] = task
            if len(self._digests) > DIGESTS_KEPT:
                self._digests.pop(next(iter(self._digests)))
        return await asyncio.shield(task)  # others may wait for the same file

    def _hash(self, key: str) -> str:
        digest = hashlib.sha256()
        for chunk in self._storage.stream(key, chunk_bytes=CHUNK_BYTES):
            digest.update(chunk)
        return f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"

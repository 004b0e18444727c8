"""Uploads: the create road's first step. A multipart body becomes fields and files on disk while it comes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
from fastapi import Request
from python_multipart.multipart import parse_options_header

from api.content_kinds import AUDIOS, CAPTIONS, IMAGES, KEYPOINTS, VIDEOS
from api.errors import RequestRefused
from api.multipart import FilePart, Receiver, Upload
from api.places import Places
from jobs.disk import full_disk_is_an_outage, need_room
from jobs.private_folders import OwnedFolder
from jobs.scratch import UPLOAD, sweep_scratch
from jobs.settings import LimitSettings, Settings

MAX_BOUNDARY_BYTES = 70  # RFC 2046
MAX_LENGTH_DIGITS = 19


def create_parts(limits: LimitSettings) -> dict[str, FilePart]:
    """Return the file parts of a create, by field name."""
    image = FilePart(IMAGES, limits.max_image_bytes)
    return {
        "image": image,
        "input_reference": image,  # the name by which SDKs send it
        "audio": FilePart(AUDIOS, limits.max_audio_bytes),
        "driving_video": FilePart(VIDEOS, limits.max_driving_video_bytes),
        "backdrop_image": image,
        "driving_keypoints": FilePart(KEYPOINTS, limits.max_driving_keypoints_bytes),
        "captions_file": FilePart(CAPTIONS, limits.max_captions_bytes),
    }


class UploadDesk:
    """Takes uploads in, so many at a time, a tenant's share of them, each in a folder that is gone afterwards."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        self._scratch, self._objects, self._storage = settings.scratch_folder, settings.objects_folder, settings.storage
        self._clear_every_s = settings.retention.housekeeping_period_s
        self._places = Places("uploads", settings.limits.max_concurrent_uploads)

    async def keep_clear(self) -> None:
        """Remove what processes that were killed have left, now and again; ends only by cancellation."""
        while True:
            await anyio.to_thread.run_sync(self.clear)
            await anyio.sleep(self._clear_every_s)

    def clear(self) -> None:
        """Remove it once; a finished video may be a worker's."""
        sweep_scratch(self._scratch, is_live=lambda job_id: True)

    @asynccontextmanager
    async def receive(self, request: Request, parts: Mapping[str, FilePart]) -> AsyncIterator[Upload]:
        """Read a multipart body; its files exist until the block is left.

        Args:
            parts: the files that it may have, by field name.

        Raises:
            RequestRefused: 400, 408, 413, 415, 422, 429, 503.
            ClientDisconnect: the client hung up before the end.
        """
        boundary = boundary_of(request)
        with self._places.hold(request.state.tenant):
            self._need_room(request)
            with full_disk_is_an_outage():
                folder = OwnedFolder.new(self._scratch, UPLOAD)
            try:
                yield await read_upload(request, Receiver(boundary, parts, self._limits, folder.path))
            finally:
                with anyio.CancelScope(shield=True):  # a thread, because unlinking a large file takes its time
                    await anyio.to_thread.run_sync(folder.close)

    def _need_room(self, request: Request) -> None:
        """Refuse a body that the disk cannot hold before it is read: as it comes, and again as objects in a folder."""
        length = request.headers.get("content-length", "")
        num_bytes = int(length) if length.isascii() and length.isdecimal() and len(length) < MAX_LENGTH_DIGITS else 0
        storage = self._storage
        if storage.kind == "local":
            need_room(self._objects, num_bytes, storage.reserve_bytes)
            num_bytes *= 2
        need_room(self._scratch, num_bytes, storage.reserve_bytes)


async def read_upload(request: Request, receiver: Receiver) -> Upload:
    """Read the body to its end; hashing and writing happen in a thread, so the event loop goes on."""
    with full_disk_is_an_outage():
        async for chunk in request.stream():
            receiver.feed(chunk)
            if receiver.is_worth_writing:
                await anyio.to_thread.run_sync(receiver.write)
        await anyio.to_thread.run_sync(receiver.write)
    return receiver.upload()


def boundary_of(request: Request) -> bytes:
    """Return the boundary of a multipart body.

    Raises:
        RequestRefused: 415 when the body is not multipart or is compressed; 400 without a boundary.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        detail = "the body must be multipart/form-data"
        raise RequestRefused("unsupported_media_type", detail, headers={"Accept-Post": "multipart/form-data"})
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused("unsupported_media_type", "the body must not be compressed")
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= MAX_BOUNDARY_BYTES:
        raise RequestRefused("malformed_request", f"the multipart boundary must have 1 to {MAX_BOUNDARY_BYTES} bytes")
    return boundary

"""A preview as one open answer: it begins with the first fragment, grows with the render, and ends with the video."""

from collections.abc import AsyncIterator, Callable
from functools import partial

import anyio
import anyio.to_thread
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from api.answers import preferred_wait_s
from api.connections import HANG_UP
from api.dependencies import Context
from api.errors import RequestRefused, video_not_found
from api.following import while_client_stays
from jobs.errors import ObjectNotFound, StorageUnavailable, StoreUnavailable
from jobs.job import Job, JobStatus, PreviewEnd, fragment_key
from jobs.logging import logger
from jobs.storage import ObjectStorage

log = logger(__name__)

MEDIA_TYPE = "video/mp4"
HEADERS = {
    "Accept-Ranges": "none",  # a range of what grows would end the video where it was when that was asked for
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
BLOCK_BYTES = 32_768  # fragments end at such borders of the answer (mmgt_core/media/preview_writer.py)
NOTHING = BLOCK_BYTES.to_bytes(4, "big") + b"free".ljust(BLOCK_BYTES - 4, b"\0")
"""A box that means nothing, sent in a long silence: proxies give up on an answer without a byte."""


async def answer_preview(context: Context, request: Request, job: Job) -> Response:
    """Return the preview as it grows. A GET before its first fragment waits for that, as `Prefer: wait=N` has it.

    Raises:
        RequestRefused: 404, there is none, or none yet; 410, expired.
        StoreUnavailable
    """
    wait_s = 0 if request.method == "HEAD" else context.settings.limits.max_wait_s
    preferred_s = preferred_wait_s(request, wait_s)
    waiting = context.store.wait_for_job(job.id, _is_decided, wait_s if preferred_s is None else preferred_s)
    found = await while_client_stays(request, waiting)
    if found is None:
        raise video_not_found(job.id)
    if not found.has_preview:
        raise await _refusal(context, found)
    headers = HEADERS | {"Content-Disposition": f'inline; filename="{job.id}-preview.mp4"'}
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Type": MEDIA_TYPE})
    return StreamingResponse(_grow(context, found, request.scope[HANG_UP]), 200, headers, MEDIA_TYPE)


async def _grow(context: Context, job: Job, hang_up: Callable[[], None]) -> AsyncIterator[bytes]:
    """Yield the fragments as they come; where the last never comes the connection is cut, not ended."""
    now: Job | None = job
    num_sent = 0
    try:
        while now is not None and now.attempt == job.attempt and now.preview is not None and now.has_preview:
            for number in range(num_sent, now.preview.num_fragments):
                key = fragment_key(job.id, job.attempt, number)
                yield await anyio.to_thread.run_sync(_read, context.storage, key)
            if now.preview.end is PreviewEnd.WHOLE:
                return
            is_silent = num_sent == now.preview.num_fragments
            num_sent = now.preview.num_fragments
            if context.store.has_ended_waits or (is_silent and now.status is JobStatus.COMPLETED):
                break
            if is_silent:
                yield NOTHING
            has_news, ping_s = partial(_has_news, job.attempt, num_sent), context.settings.limits.sse_ping_s
            now = await context.store.wait_for_job(job.id, has_news, ping_s)
    except (ObjectNotFound, StorageUnavailable, StoreUnavailable) as error:
        log.warning("preview_cut", job_id=job.id, error=str(error))
    hang_up()
    await anyio.sleep_forever()  # the connection's end ends this answer


def _read(storage: ObjectStorage, key: str) -> bytes:
    return b"".join(storage.stream(key))


def _is_decided(job: Job | None) -> bool:
    """Whether there is something to play, or nothing can come any more."""
    if job is None or job.status.is_terminal or job.request.options.ends_with_poses:
        return True
    return job.has_preview or (job.preview is not None and job.preview.end is not None)


def _has_news(attempt: int, num_had: int, job: Job | None) -> bool:
    """Whether a reader who has so many fragments of an attempt gets more, its end, or none any more."""
    if job is None or job.attempt != attempt or job.preview is None or not job.has_preview:
        return True
    return job.preview.num_fragments > num_had or job.preview.end is not None


async def _refusal(context: Context, job: Job) -> RequestRefused:
    """Return why there is nothing to play."""
    if job.status is JobStatus.EXPIRED:
        return RequestRefused("content_expired", f"the content of {job.id} has expired")
    if job.request.options.ends_with_poses:
        detail = f"{job.id} ends with its poses (until=poses); there is nothing to watch"
    elif job.status is JobStatus.COMPLETED:
        detail = f"{job.id} has no preview (any more); variant=video is the finished file"
    elif job.status.is_terminal:
        detail = f"{job.id} is {job.status.value}; it has no preview"
    elif job.preview is not None:
        detail = f"the preview of {job.id} was given up; variant=video comes with its completion"
    else:
        detail = f"{job.id} is {job.status.value}, and no frame of it is rendered yet"
        return RequestRefused("content_not_ready", detail, headers=(await context.estimates.of(job)).headers)
    return RequestRefused("preview_not_available", detail)

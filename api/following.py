"""Waiting for a job: until it changes (long poll), and event by event (server-sent events), without ever polling."""

import json
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import anyio
from fastapi import Request
from sse_starlette.event import ServerSentEvent
from starlette.requests import ClientDisconnect

from jobs.errors import StoreUnavailable
from jobs.events import JobEvent
from jobs.job import Job
from jobs.logging import logger
from jobs.store import AsyncJobStore
from jobs.video_object import to_video_object

log = logger(__name__)

T = TypeVar("T")

FIRST_EVENT = "0"
STILL_THERE_S = 30.0  # a follower looks this often whether its job exists; every change wakes it anyway


async def while_client_stays(request: Request, waiting: Awaitable[T]) -> T:
    """Return what is awaited; a client that hangs up ends the wait.

    Raises:
        ClientDisconnect: it did.
    """
    has_left = False
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            nonlocal has_left
            while (await request.receive())["type"] != "http.disconnect":
                continue
            has_left = True
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        result = await waiting
        tasks.cancel_scope.cancel()
    if has_left:
        raise ClientDisconnect
    return result


async def wait_for_change(store: AsyncJobStore, job: Job, timeout_s: float) -> Job | None:
    """Return the job as soon as its version differs from the one given, or as it is after the time-out.

    A job that has ended is returned at once: nothing that a client waits for will come. None when it was deleted.

    Raises:
        StoreUnavailable
    """
    cursor = f"{job.updated_at_ms}-0"  # of the change that made this version; events carry the store's time
    ends_at_s = time.monotonic() + timeout_s
    while not job.status.is_terminal and (left_s := ends_at_s - time.monotonic()) > 0:
        if not await store.wait_for_event(job.id, cursor, left_s):
            break
        now = await store.get(job.id, job.tenant)
        if now is None or now.version != job.version:
            return now
        seen = await store.events_after(job.id, cursor)
        cursor = seen[-1].id if seen else cursor
    return await store.get(job.id, job.tenant)


async def wait_for_end(store: AsyncJobStore, job: Job, timeout_s: float) -> Job | None:
    """Return the job when it has ended, or as it is after the time-out; None when it was deleted.

    Raises:
        StoreUnavailable
    """
    ends_at_s = time.monotonic() + timeout_s
    now: Job | None = job
    while now is not None and not now.status.is_terminal and (left_s := ends_at_s - time.monotonic()) > 0:
        if store.has_ended_waits:
            break
        now = await wait_for_change(store, now, left_s)
    return now


@dataclass(frozen=True)
class Told:
    """An event as its followers are sent it."""

    id: str
    is_last: bool
    message: bytes


async def follow(store: AsyncJobStore, job_id: str, first: tuple[JobEvent, ...], last_id: str) -> AsyncIterator[bytes]:
    """Yield the events after `last_id` as they come, as messages, up to and with the last.

    Ends early when the job is deleted, when this process stops, and with the store: who follows comes again.

    Args:
        first: those that were read already.
    """
    events = tuple(map(told, first))
    while not store.has_ended_waits:
        for event in events:
            yield event.message
            last_id = event.id
            if event.is_last:
                return
        try:
            came = await store.wait_for_event(job_id, last_id, STILL_THERE_S)
            read = partial(told_after, store, job_id, last_id)
            events = await store.once_per_change(job_id, f"events after {last_id}", read) if came else ()
            if not events and await store.get(job_id) is None:
                return
        except StoreUnavailable as error:  # the answer is half given: it ends well, and the next one is a 503
            log.warning("follower_left", job_id=job_id, error=str(error))
            return


async def told_after(store: AsyncJobStore, job_id: str, last_id: str) -> tuple[Told, ...]:
    """Return the events after an id.

    Raises:
        StoreUnavailable
    """
    return tuple(map(told, await store.events_after(job_id, last_id)))


def told(event: JobEvent) -> Told:
    """Return an event as it goes over the wire: id for `Last-Event-ID`, type, and the video object as it was then."""
    video = json.dumps(to_video_object(event.job), ensure_ascii=False, separators=(",", ":"))
    return Told(event.id, event.type.is_last, ServerSentEvent(video, event=event.type.value, id=event.id).encode())

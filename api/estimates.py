"""When a job may be done, and when to ask again: the queue's estimate, shared by all requests of about a second."""

import math
import time
from dataclasses import dataclass

from jobs.job import Job, JobStatus
from jobs.settings import LimitSettings
from jobs.store import AsyncJobStore
from jobs.verbs.upkeep import ClassQueue

FRESH_S = 1.0  # a poll at 200 requests/s must not ask the store for the same numbers 200 times
SHARE_OF_REMAINING = 0.25  # ask again after a quarter of what is left: late by little, and few requests


@dataclass(frozen=True)
class Outlook:
    """What a client is told about a job's future.

    Attributes:
        eta_seconds: until it is done; None when that is unknown or the job has ended.
        retry_after_s: for `Retry-After`; None when the job has ended.
        poll_after_ms: for `openai-poll-after-ms`, which the SDK keeps from its first answer, so it stays short.
    """

    eta_seconds: float | None
    retry_after_s: int | None
    poll_after_ms: int | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say when to ask again; none for a job that has ended."""
        if self.retry_after_s is None:
            return {}
        return {"Retry-After": str(self.retry_after_s), "openai-poll-after-ms": str(self.poll_after_ms)}


class Estimates:
    """Estimates from the state of each class's queue, asked for at most once in `FRESH_S`."""

    def __init__(self, store: AsyncJobStore, limits: LimitSettings) -> None:
        self._store, self._limits = store, limits
        self._queues: dict[str, tuple[float, ClassQueue]] = {}

    async def of(self, job: Job) -> Outlook:
        """Return the outlook of a job.

        Raises:
            StoreUnavailable
        """
        if job.status.is_terminal:
            return Outlook(None, None, None)
        return self._outlook(await self._eta_s(job))

    async def of_next(self, queue_class: str) -> Outlook:
        """Return the outlook of a job that would be created now, for answers that create none.

        Raises:
            StoreUnavailable
        """
        queue = await self._queue(queue_class)
        return self._outlook(queue.eta_s(queue.waiting + 1))

    async def of_render(self, queue_class: str, pace: str, video_s: float | None) -> float | None:
        """Return the render seconds of a job, as measured of those of its pace; None when none was.

        Raises:
            StoreUnavailable
        """
        return None if video_s is None else (await self._queue(queue_class)).render_s(pace, video_s)

    async def _eta_s(self, job: Job) -> float | None:
        if job.status is JobStatus.QUEUED:
            queue = await self._queue(job.request.queue_class)
            own_s = job.request.estimate_s if job.request.options.ends_with_poses else None
            return queue.eta_s(job.queue_position or queue.waiting + 1, own_s)
        if job.progress is not None and job.progress.eta_seconds is not None:
            return job.progress.eta_seconds
        return job.request.estimate_s

    async def _queue(self, queue_class: str) -> ClassQueue:
        known = self._queues.get(queue_class)
        if known is not None and time.monotonic() - known[0] < FRESH_S:
            return known[1]
        queue = await self._store.queue_state(queue_class)
        self._queues[queue_class] = (time.monotonic(), queue)
        return queue

    def _outlook(self, eta_s: float | None) -> Outlook:
        limits = self._limits
        wished_s = limits.retry_after_min_s if eta_s is None else math.ceil(eta_s * SHARE_OF_REMAINING)
        retry_after_s = min(max(wished_s, limits.retry_after_min_s), limits.retry_after_max_s)
        return Outlook(eta_s, retry_after_s, min(retry_after_s * 1000, limits.max_poll_after_ms))

"""Reaper, sweeper and retention: one loop in every replica, under one lock of the store, so that one of them works."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial

import anyio

from api.sender import Bells
from jobs.errors import StoreUnavailable
from jobs.logging import logger
from jobs.queue import ring, ring_delivery, ring_housekeeping
from jobs.settings import Settings
from jobs.store import AsyncJobStore

log = logger(__name__)

LOCK_SHARE = 3  # the lock is renewed at least three times in its life


@dataclass(frozen=True)
class Duty:
    """Something to do again and again."""

    do: Callable[[], Awaitable[None]]
    period_s: float


class Upkeep:
    """What keeps jobs moving when somebody was lost; `run` ends only by cancellation."""

    def __init__(self, store: AsyncJobStore, bells: Bells, settings: Settings, owner: str) -> None:
        self._store, self._bells, self._settings, self._owner = store, bells, settings, owner
        leases, retention = settings.leases, settings.retention
        self._duties = (
            Duty(self.reap, leases.reaper_period_s),
            Duty(self.sweep, leases.sweeper_period_s),
            Duty(self.expire, retention.housekeeping_period_s),
        )
        self._due_at_s = dict.fromkeys(self._duties, 0.0)  # by this process's monotonic clock
        shortest_s = min(duty.period_s for duty in self._duties)
        self._tick_s = min(shortest_s / 2, leases.upkeep_lock_s / LOCK_SHARE)

    async def run(self) -> None:
        """Do what is due while this replica holds the lock; a store that is away is waited for."""
        while True:
            try:
                if await self._store.take_upkeep_lock(self._owner, self._settings.leases.upkeep_lock_s):
                    await self._do_what_is_due()
            except StoreUnavailable as error:
                log.warning("upkeep_found_no_store", error=str(error))
            except Exception:  # the loop outlives any one failure: without it lost jobs stay lost
                log.exception("upkeep_failed")
            await anyio.sleep(self._tick_s)

    async def _do_what_is_due(self) -> None:
        for duty in self._duties:
            if time.monotonic() >= self._due_at_s[duty]:
                self._due_at_s[duty] = time.monotonic() + duty.period_s
                await duty.do()

    async def reap(self) -> None:
        """Take back jobs of lost workers; the sweep rings for them."""
        leases = self._settings.leases
        taken = await self._store.reap(leases.lease_s, leases.max_lost_attempts)
        if taken.requeued or taken.failed or taken.cancelled:
            log.info("leases_reaped", requeued=taken.requeued, failed=taken.failed, cancelled=taken.cancelled)

    async def sweep(self) -> None:
        """Fail what waited too long; ring every doorbell that is owed, and for webhooks and purges that are due."""
        leases = self._settings.leases
        swept = await self._store.sweep(leases.doorbell_age_s, leases.ring_again_s)
        for queue_class in dict.fromkeys(bell.queue_class for bell in swept.doorbells):
            await self._bells.ask(partial(ring, queue_class=queue_class))
        for bell in swept.doorbells:
            await self._store.doorbell_rung(bell.queue_class, bell.job_id)
        if swept.deliveries_due:
            await self._bells.ask(ring_delivery)
        if swept.purges_due:
            await self._bells.ask(ring_housekeeping)
        if swept.doorbells or swept.timed_out:
            log.info("queue_swept", doorbells=len(swept.doorbells), timed_out=swept.timed_out)

    async def expire(self) -> None:
        """End retentions; housekeeping deletes the objects, and uploads that never became a job."""
        retention = self._settings.retention
        ended = await self._store.expire(retention.inputs_s, retention.record_s, retention.preview_s)
        await self._bells.ask(ring_housekeeping)
        counts = {part: len(ids) for part, ids in asdict(ended).items()}
        if any(counts.values()):
            log.info("retention_ended", **counts)

"""The verbs of upkeep: doorbells, sweep, reap, expire, purges, the lock, and the queue as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jobs.job import Priority
from jobs.record import read_pairs
from jobs.verbs.call import Call, count, milliseconds, nothing, yes
from jobs.verbs.lifecycle import DEFAULT_LEASE_S, DEFAULT_MAX_LOST_ATTEMPTS


@dataclass(frozen=True)
class Doorbell:
    """A ring that is owed: somebody's job of this class waits. `job_id` is empty when the class as a whole waits."""

    queue_class: str
    job_id: str


@dataclass(frozen=True)
class Sweep:
    """What the sweeper found to do: rings owed, jobs it failed for waiting too long, work of the other queues."""

    doorbells: tuple[Doorbell, ...]
    timed_out: tuple[str, ...]
    deliveries_due: int
    purges_due: int


@dataclass(frozen=True)
class Reap:
    """Ids whose lease had ended: back in the queue, failed after the last attempt, or cancelled as requested."""

    requeued: tuple[str, ...]
    failed: tuple[str, ...]
    cancelled: tuple[str, ...]


@dataclass(frozen=True)
class Expire:
    """Ids whose results, inputs, whole record or preview reached the end of their retention."""

    results: tuple[str, ...]
    inputs: tuple[str, ...]
    records: tuple[str, ...]
    previews: tuple[str, ...]


class PurgePart(StrEnum):
    """Which objects of a job to delete."""

    ALL = "all"  # job_prefix
    INPUTS = "inputs"  # inputs_prefix
    RESULTS = "results"  # everything of the job but its inputs
    LOSERS = "losers"  # everything but its inputs and the attempt that won
    PREVIEW = "preview"  # of one attempt


@dataclass(frozen=True)
class Purge:
    """An order to delete objects; `ticket` is given back when done. `attempt` is set for losers and preview."""

    ticket: str
    job_id: str
    part: PurgePart
    attempt: int | None = None


@dataclass(frozen=True)
class ClassQueue:
    """One class of work.

    Attributes:
        waiting: queued jobs of everybody, `interactive` and `batch`.
        running: jobs in progress.
        own_waiting, own_running: those of the asking tenant.
        workers: live workers that serve the class.
        mean_job_s: moving mean of render seconds per job; None before the first.
        mean_s_per_video_s: moving mean of render seconds per second of video.
        mode_s_per_video_s: the same for each `JobOptions.pace`: quality mode that was asked for, or poses alone.
    """

    queue_class: str
    waiting_interactive: int
    waiting_batch: int
    running: int
    own_waiting: int
    own_running: int
    workers: int
    mean_job_s: float | None
    mean_s_per_video_s: float | None
    mode_s_per_video_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """All queued jobs of the class."""
        return self.waiting_interactive + self.waiting_batch

    def eta_s(self, queue_position: int, own_s: float | None = None) -> float | None:
        """Estimated seconds until the job at that position (1 is next) is done; None when nothing was measured.

        Args:
            own_s: what the job itself takes; None: as long as others.
        """
        ahead = queue_position - 1 + self.running
        if self.mean_job_s is None:
            return None if ahead else own_s
        return self.mean_job_s * ahead / max(1, self.workers) + (self.mean_job_s if own_s is None else own_s)

    def render_s(self, pace: str, video_s: float) -> float | None:
        """Estimated render seconds of a job by its pace (`JobOptions.pace`); None when none of those was measured."""
        known = self.mode_s_per_video_s.get(pace)
        return None if known is None else known * video_s


@dataclass(frozen=True)
class Place:
    """A waiting job and its place; 1 is the next one."""

    job_id: str
    tenant: str
    priority: Priority
    queue_position: int


def doorbell_rung(queue_class: str, job_id: str) -> Call[None]:
    """Say that a ring is under way; takes it out of the outbox."""
    return Call("doorbell_rung", (queue_class, job_id), nothing)


def sweep(outbox_age_s: float = 2.0, ring_again_s: float = 15.0) -> Call[Sweep]:
    """Fail jobs past their queue_ttl and tell which doorbells are owed; the caller rings and says so.

    Args:
        outbox_age_s: a ring that its creator has not made for this long is owed.
        ring_again_s: a class where jobs wait and nothing was rung or claimed for this long is owed one.
    """

    def read(reply: Any) -> Sweep:  # noqa: ANN401
        doorbells = tuple(Doorbell(*item.split("|", 1)) for item in reply[0])
        return Sweep(doorbells, tuple(reply[1]), int(reply[2]), int(reply[3]))

    words = (milliseconds(outbox_age_s), milliseconds(ring_again_s))
    return Call("sweep", words, read)


def reap(lease_s: float = DEFAULT_LEASE_S, max_lost_attempts: int = DEFAULT_MAX_LOST_ATTEMPTS) -> Call[Reap]:
    """Take back jobs whose lease has ended; does nothing for one lease after a restart of the store."""
    return Call("reap", (milliseconds(lease_s), max_lost_attempts), lambda reply: Reap(*map(tuple, reply)))


def expire(inputs_s: int = 86400, record_s: int = 30 * 86400, preview_s: int = 3600, limit: int = 100) -> Call[Expire]:
    """End retentions that are due: completed becomes expired; inputs, records and previews go. Orders the purges.

    Args:
        inputs_s: how long inputs are kept after the job ended, seconds.
        record_s: how long the record is kept after the job ended and its results are gone, seconds.
        preview_s: how long a preview is kept after completion, seconds.
        limit: how many of each kind at a time.
    """
    words = (milliseconds(inputs_s), milliseconds(record_s), milliseconds(preview_s), limit)
    return Call("expire", words, lambda reply: Expire(*map(tuple, reply)))


def take_purges(limit: int = 20, retry_s: float = 60.0) -> Call[tuple[Purge, ...]]:
    """Return due purges; each comes again after `retry_s` unless `purge_done` is called."""

    def read(reply: Any) -> tuple[Purge, ...]:  # noqa: ANN401
        return tuple(_read_purge(ticket) for ticket in reply)

    return Call("take_purges", (limit, milliseconds(retry_s)), read)


def purge_done(ticket: str) -> Call[None]:
    """Strike a purge off the list."""
    return Call("purge_done", (ticket,), nothing)


def take_upkeep_lock(owner: str, ttl_s: float = 10.0) -> Call[bool]:
    """Take or keep the one lock of the upkeep loops; true while `owner` holds it."""
    return Call("take_upkeep_lock", (owner, milliseconds(ttl_s)), yes)


def queue_state(queue_class: str, tenant: str = "", live_s: float = 15.0) -> Call[ClassQueue]:
    """Return counts and means of one class, for positions, estimates and metrics.

    Args:
        live_s: a worker whose last heartbeat is older is not counted.
    """

    def read(reply: Any) -> ClassQueue:  # noqa: ANN401
        interactive, batch, running, own_waiting, own_running, live = (int(item) for item in reply[:6])
        job_s, per_video_s = (float(item) if item else None for item in reply[6:8])
        counts = (interactive, batch, running, own_waiting, own_running, live)
        modes = {mode: float(pace) for mode, pace in read_pairs(reply[8]).items()}
        return ClassQueue(queue_class, *counts, job_s, per_video_s, modes)

    return Call("queue_state", (queue_class, tenant, milliseconds(live_s)), read)


def places(queue_class: str, tenant: str = "", limit: int = 100) -> Call[tuple[Place, ...]]:
    """Return who waits in a class, the next one first; a tenant's own jobs, or everybody's (empty)."""

    def read(reply: Any) -> tuple[Place, ...]:  # noqa: ANN401
        found = (Place(job_id, owner, Priority(priority), int(at)) for job_id, owner, priority, at in reply)
        return tuple(sorted(found, key=lambda place: place.queue_position))

    return Call("places", (queue_class, tenant, limit), read)


def queue_classes() -> Call[tuple[str, ...]]:
    """Return every class that ever had a job or a worker."""
    return Call("queue_classes", (), lambda reply: tuple(sorted(reply)))


def status_counts() -> Call[dict[str, int]]:
    """Return how many records are in each status, over all tenants."""

    def read(reply: Any) -> dict[str, int]:  # noqa: ANN401
        return {name: int(number) for name, number in zip(reply[::2], reply[1::2], strict=True)}

    return Call("status_counts", (), read)


def active_jobs(tenant: str) -> Call[int]:
    """Return how many jobs of a tenant are queued or running."""
    return Call("active_jobs", (tenant,), count)


def _read_purge(ticket: str) -> Purge:
    job_id, part, _ = ticket.split("|")
    name, _, attempt = part.partition(":")
    return Purge(ticket, job_id, PurgePart(name), int(attempt) if attempt else None)

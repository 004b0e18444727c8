"""The verbs of one job: create, get, claim_next, renew, progress, release, finalise, fail, cancel, delete."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from jobs.errors import JobDeleted, QueueFull, QuotaExceeded, ReservationLost
from jobs.events import JobEvent, read_events
from jobs.job import Failure, Job, JobRequest, Notice, Preview, Progress
from jobs.record import encode_notices, encode_request, read_job
from jobs.verbs.call import Call, milliseconds, nothing, or_none, words_or_none, yes

DEFAULT_LEASE_S = 30.0
DEFAULT_MAX_LOST_ATTEMPTS = 3
IDS_AT_ONCE = 500


class Outcome(StrEnum):
    """What became of a worker's word about its attempt."""

    DONE = "done"  # accepted; also when the same word came twice
    STALE = "stale"  # another attempt holds the job, or it ended: delete your own prefix
    CANCELLED = "cancelled"  # cancel came first: the job is cancelled now
    GONE = "gone"  # deleted

    @property
    def is_lost(self) -> bool:
        """True when the attempt must throw away what it made."""
        return self is not Outcome.DONE


@dataclass(frozen=True)
class Created:
    """Result of create. `is_new` is false when the same request had made them before: those that are left."""

    jobs: tuple[Job, ...]
    is_new: bool

    @property
    def job(self) -> Job:
        """The first of them."""
        return self.jobs[0]


@dataclass(frozen=True)
class Renewal:
    """Result of renew and progress: stop at once unless `is_current`; stop politely when cancel is requested."""

    is_current: bool
    is_cancel_requested: bool


class Reservation(StrEnum):
    """What an idempotency key stands for."""

    RESERVED = "reserved"  # yours: create, or unreserve
    IN_FLIGHT = "in_flight"  # the first request with it is not finished (409)
    REPLAY = "replay"  # it has made a job
    MISMATCH = "mismatch"  # it stands for another request (422)


@dataclass(frozen=True)
class Reserved:
    """Result of reserve_key; `job_ids` are those of a replay."""

    state: Reservation
    job_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Results:
    """What finalise records: storage keys by variant, and what is known of the video."""

    keys: Mapping[str, str]
    seconds: float
    gpu_seconds: float
    warnings: tuple[Notice, ...] = field(default=())


def reserve_key(
    tenant: str, route: str, key: str, fingerprint: str, owner: str, held_s: float = 10.0
) -> Call[Reserved]:
    """Take an `Idempotency-Key` for a request whose fingerprint is known, or say what it stands for already.

    Args:
        owner: any unique text of this request; renew, create and unreserve show it. Create fails for an owner who no
            longer holds the key, so that a late one makes no second job.
        held_s: so long after the last renewal the reservation of a holder that died lapses.
    """

    def read(reply: Any) -> Reserved:  # noqa: ANN401
        return Reserved(Reservation(reply[0]), tuple(reply[1:]))

    return Call("reserve_key", (tenant, route, key, fingerprint, owner, milliseconds(held_s)), read)


def renew_key(tenant: str, route: str, key: str, owner: str, held_s: float = 10.0) -> Call[bool]:
    """Go on holding a reservation; False when it lapsed, and another request may have it."""
    return Call("renew_key", (tenant, route, key, owner, milliseconds(held_s)), yes)


def unreserve_key(tenant: str, route: str, key: str, owner: str) -> Call[None]:
    """Give back a reservation whose request failed; another's is left alone."""
    return Call("unreserve_key", (tenant, route, key, owner), nothing)


def create(
    *requests: JobRequest,
    route: str = "videos",
    idempotency_key: str | None = None,
    owner: str | None = None,
    is_retry: bool = False,
    request_age_s: float = 0.0,
    max_active_per_tenant: int = 1000,
    max_waiting: int = 10000,
    idempotency_s: int = 86400,
    progress_period_s: float = 5.0,
) -> Call[Created]:
    """Write jobs, waiting-list entries, idempotency entry and doorbell outbox in one script: all of them or nothing.

    The caller rings afterwards (`queue.ring`) and says so (`doorbell_rung`); if it dies first, the sweeper rings.

    Args:
        requests: at least one, each with a fresh id and inputs already stored; they differ in nothing but ids, inputs
            and options.
        route: scope of the idempotency key.
        idempotency_key, owner: a reservation made before; both or neither.
        is_retry: an SDK's silent retry without a key: the tenant's same fingerprint of the last 10 minutes is the
            same job.
        request_age_s: how long ago this request began; a retry of it that was faster has made the job then.
        max_active_per_tenant: jobs queued or running; a quota stored for the tenant goes first.
        max_waiting: jobs queued altogether.
        idempotency_s: how long the key stands for the job.
        progress_period_s: opted-in progress webhooks are at least this far apart.

    Raises (when read):
        QuotaExceeded, QueueFull, ReservationLost, JobDeleted
    """

    request, num_wanted = requests[0], len(requests)

    def read(reply: Any) -> Created:  # noqa: ANN401
        if reply[0] == "tombstone":
            raise JobDeleted(f"{request.id} was deleted")
        if reply[0] == "unreserved":
            raise ReservationLost(f"{owner} no longer holds the idempotency key")
        if reply[0] == "quota":
            raise QuotaExceeded(int(reply[1]), int(reply[2]), num_wanted)
        if reply[0] == "full":
            raise QueueFull(int(reply[1]), int(reply[2]), num_wanted)
        return Created(tuple(read_job(each) for each in reply[1:]), reply[0] == "created")

    words = (
        request.tenant, request.queue_class, request.priority.value,
        json.dumps(request.metadata), words_or_none(request.webhook_url), " ".join(request.webhook_events),
        request.fingerprint, request.expires_after_s, request.queue_ttl_s, words_or_none(request.seconds),
        encode_notices(request.warnings), milliseconds(progress_period_s), route, words_or_none(idempotency_key),
        words_or_none(owner), idempotency_s, int(is_retry), milliseconds(request_age_s), max_active_per_tenant,
        max_waiting, *(word for each in requests for word in (each.id, encode_request(each))),
    )  # fmt: skip
    return Call("create", words, read)


def get(job_id: str, tenant: str | None = None) -> Call[Job | None]:
    """Return the job; None if there is none, it was deleted, or it is another tenant's.

    Args:
        tenant: None for workers and operators, who see all.
    """
    return Call("get", (job_id, words_or_none(tenant)), or_none(read_job))


def claim_next(queue_class: str, worker: str, lease_s: float = DEFAULT_LEASE_S) -> Call[Job | None]:
    """Claim the next waiting job of a class: interactive first, then the tenant served longest ago, then its oldest.

    Raises `attempt`, the fencing token of every later word about it. None when nothing waits. A retried network call
    gets the job that the first one claimed.
    """
    words = (queue_class, worker, milliseconds(lease_s), uuid.uuid4().hex)
    return Call("claim_next", words, or_none(read_job))


def peek_next(queue_class: str) -> Call[Job | None]:
    """Look which job `claim_next` would claim now; nothing changes. None when nothing waits."""
    return Call("peek_next", (queue_class,), or_none(read_job))


def renew(job_id: str, attempt: int, lease_s: float = DEFAULT_LEASE_S) -> Call[Renewal]:
    """Extend the lease; succeeds while the attempt is current, even late. Tells whether cancel was requested."""
    return Call("renew", (job_id, attempt, milliseconds(lease_s)), _read_renewal)


def progress(job_id: str, attempt: int, now: Progress) -> Call[Renewal]:
    """Record and publish progress; a lower percent than before, and 100, are not believed."""
    words = (job_id, attempt, min(now.percent, 99), json.dumps(asdict(now)))
    return Call("progress", words, _read_renewal)


def annotate(
    job_id: str,
    attempt: int,
    *,
    seconds: float | None = None,
    warnings: tuple[Notice, ...] = (),
    size: str | None = None,
) -> Call[Outcome]:
    """Record what the worker found out about the inputs: the video's length in seconds and its width x height; warnings
    (replacing those before)."""
    words = (job_id, attempt, words_or_none(seconds), encode_notices(warnings), words_or_none(size))
    return Call("annotate", words, Outcome)


def preview(job_id: str, attempt: int, now: Preview) -> Call[Outcome]:
    """Record how much of the preview is stored; also after the attempt's completion, until it is whole."""
    words = (job_id, attempt, now.num_fragments, words_or_none(now.end))
    return Call("preview", words, Outcome)


def release(
    job_id: str, attempt: int, *, lost: Failure | None = None, max_lost_attempts: int = DEFAULT_MAX_LOST_ATTEMPTS
) -> Call[Outcome]:
    """Put the job back to its old place in the queue (a requested cancel wins).

    Args:
        lost: None for a drain, which does not count; else why the attempt was lost (a GPU fault), which counts, and is
            the job's failure when it was the last of `max_lost_attempts`.
    """
    words = (job_id, attempt, json.dumps(asdict(lost)) if lost else "", max_lost_attempts)
    return Call("release", words, Outcome)


def finalise(job_id: str, attempt: int, results: Results) -> Call[Outcome]:
    """Complete the job: only the current attempt of a job neither cancelled nor deleted.

    Completion, usage, event and webhook outbox are one script. Call it only when the object store has confirmed every
    key. Anything but DONE: delete your own prefix.
    """
    words = (
        job_id, attempt, json.dumps(dict(results.keys)), results.seconds, results.gpu_seconds,
        encode_notices(results.warnings),
    )  # fmt: skip
    return Call("finalise", words, Outcome)


def fail(job_id: str, attempt: int, failure: Failure) -> Call[Outcome]:
    """End the job with an error: only the current attempt (a requested cancel wins)."""
    return Call("fail", (job_id, attempt, json.dumps(asdict(failure))), Outcome)


def acknowledge_cancel(job_id: str, attempt: int) -> Call[Outcome]:
    """The worker has stopped: in_progress becomes cancelled. CANCELLED when it did, also when it had already."""
    return Call("acknowledge_cancel", (job_id, attempt), Outcome)


def cancel(job_id: str, tenant: str | None = None) -> Call[Job | None]:
    """Cancel: queued at once, running by a flag that the worker reads; a job that ended stays as it is. Idempotent.

    Returns the job as it is now, None if there is none.
    """
    words = (job_id, words_or_none(tenant))
    return Call("cancel", words, or_none(read_job))


def delete(job_id: str, tenant: str | None = None, lease_s: float = DEFAULT_LEASE_S) -> Call[bool]:
    """Remove the record, its events and pending deliveries; leave a tombstone for 48 h and orders to purge objects.

    Purges are due at once, after two leases, and after an hour: a zombie may still upload. False if there is no job.
    """
    return Call("delete", (job_id, words_or_none(tenant), milliseconds(lease_s), uuid.uuid4().hex), yes)


def known_ids(job_ids: tuple[str, ...], found: frozenset[str] = frozenset()) -> Call[frozenset[str]]:
    """Return which of the ids have a record; housekeeping removes uploads of the others."""
    asked, rest = job_ids[:IDS_AT_ONCE], job_ids[IDS_AT_ONCE:]

    def read(reply: Any) -> frozenset[str] | Call[frozenset[str]]:  # noqa: ANN401
        known = found | frozenset(reply)
        return known_ids(rest, known) if rest else known

    return Call("known_ids", asked, read)


def events_after(job_id: str, last_event_id: str = "0", limit: int = 100) -> Call[tuple[JobEvent, ...]]:
    """Return the job's events after an id (`0`: from the first kept), oldest first."""

    return Call("events_after", (job_id, last_event_id, limit), read_events)


def _read_renewal(reply: Any) -> Renewal:  # noqa: ANN401
    return Renewal(is_current=bool(int(reply[0])), is_cancel_requested=bool(int(reply[1])))

"""The verbs of the webhook outbox: what is due, what came of it, what the client may look up and send again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.job import Job
from jobs.record import read_job, read_pairs
from jobs.verbs.call import Call, count, milliseconds, or_none, words_or_none, yes


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    DROPPED = "dropped"  # 410 from the receiver, or a progress event that failed once


@dataclass(frozen=True)
class DeliveryTry:
    """One line of a delivery's log. `status_code` is None when there was no answer."""

    at_ms: int
    status_code: int | None
    error: str | None
    duration_ms: int


@dataclass(frozen=True)
class Delivery:
    """One event for one receiver.

    Attributes:
        id: `msg_…`, the webhook-id, the same over retries.
        event_type: `video.completed` and so on.
        tries: how often it was taken for sending.
        schedule_step: index into the retry schedule of the next try; starts anew when redelivered by hand.
        next_at_ms: when it is due; None unless pending.
        log: oldest first, the last 50.
    """

    id: str
    job_id: str
    tenant: str
    event_type: str
    state: DeliveryState
    created_at_ms: int
    tries: int
    schedule_step: int
    next_at_ms: int | None
    log: tuple[DeliveryTry, ...] = ()


@dataclass(frozen=True)
class DueDelivery:
    """A delivery to send now: `job` is as it was when the event happened."""

    delivery: Delivery
    job: Job


def take_due_deliveries(
    limit: int = 10, retry_s: float = 60.0, share: int = 10, under_way: Mapping[str, int] | None = None
) -> Call[tuple[DueDelivery, ...]]:
    """Take deliveries that are due; each comes again after `retry_s` if its sender dies before `record_try`.

    Args:
        share: of one tenant, those under way included.
        under_way: how many of each tenant the caller is sending.
    """

    def read(reply: Any) -> tuple[DueDelivery, ...]:  # noqa: ANN401
        return tuple(DueDelivery(_read_delivery(item[0]), read_job(item[1])) for item in reply)

    return Call("take_due_deliveries", (limit, milliseconds(retry_s), share, json.dumps(dict(under_way or {}))), read)


def record_try(
    delivery_id: str,
    tries: int,
    *,
    is_delivered: bool,
    status_code: int | None,
    error: str | None,
    duration_ms: int,
    retry_in_s: float | None,
    ends_job: bool = False,
) -> Call[bool]:
    """Log a try and decide what is next. False when a later try is under way or the delivery is gone.

    Args:
        tries: as taken; a sender that was too slow is not believed.
        retry_in_s: seconds to the next try; None with `is_delivered` false: exhausted (a progress event: dropped).
        ends_job: the receiver said 410: drop this and every pending and future delivery of the job.
    """
    words = (
        delivery_id, tries, int(is_delivered), words_or_none(status_code), words_or_none(error), duration_ms,
        "" if retry_in_s is None else milliseconds(retry_in_s), int(ends_job),
    )  # fmt: skip
    return Call("record_try", words, yes)


def list_deliveries(job_id: str, tenant: str | None = None) -> Call[tuple[Delivery, ...] | None]:
    """Return a job's deliveries, oldest first; None if there is no such job."""

    def read(reply: Any) -> tuple[Delivery, ...] | None:  # noqa: ANN401
        return None if reply is None else tuple(_read_delivery(item) for item in reply)

    return Call("list_deliveries", (job_id, words_or_none(tenant)), read)


def redeliver(job_id: str, delivery_id: str, tenant: str | None = None) -> Call[Delivery | None]:
    """Make a delivery due now, with a new schedule and the same id; None if there is none."""
    return Call("redeliver", (job_id, delivery_id, words_or_none(tenant)), or_none(_read_delivery))


def deliveries_due() -> Call[int]:
    """Return how many deliveries are due now."""
    return Call("deliveries_due", (), count)


def delivery_outcomes() -> Call[dict[str, int]]:
    """Return how many tries ever were `delivered`, `to_retry`, `given_up`, or `refused` for good by the receiver."""

    def read(reply: Any) -> dict[str, int]:  # noqa: ANN401
        return {name: int(number) for name, number in read_pairs(reply).items()}

    return Call("delivery_outcomes", (), read)


def _read_delivery(reply: Any) -> Delivery:  # noqa: ANN401
    fields, next_at, log = read_pairs(reply[0]), reply[1], reply[2]
    return Delivery(
        id=fields["id"],
        job_id=fields["job_id"],
        tenant=fields["tenant"],
        event_type=fields["type"],
        state=DeliveryState(fields["state"]),
        created_at_ms=int(fields["created_ms"]),
        tries=int(fields["tries"]),
        schedule_step=int(fields["step"]),
        next_at_ms=int(next_at) if next_at else None,
        log=tuple(DeliveryTry(**json.loads(line)) for line in log),
    )

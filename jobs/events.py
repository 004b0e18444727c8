"""What is told about a job: event types, the payload of a webhook, its signature, the schedule of its retries."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from standardwebhooks.webhooks import Webhook

from jobs.job import Job
from jobs.record import job_from_fields
from jobs.video_object import to_video_object

MAX_PAYLOAD_BYTES = 20_000
# Seconds before each try; the last failing makes the delivery `exhausted`.
RETRY_SCHEDULE_S = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
RETRY_JITTER = 0.2


class EventType(StrEnum):
    """Everything that happens to a job and can be followed in its event stream."""

    CREATED = "video.created"
    STARTED = "video.started"
    PROGRESS = "video.progress"
    ANNOTATED = "video.annotated"
    PREVIEW = "video.preview"
    REQUEUED = "video.requeued"
    CANCEL_REQUESTED = "video.cancel_requested"
    COMPLETED = "video.completed"
    FAILED = "video.failed"
    CANCELLED = "video.cancelled"
    EXPIRED = "video.expired"

    @property
    def is_last(self) -> bool:
        """True for the events after which a follower may hang up."""
        return self in (EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED, EventType.EXPIRED)


WEBHOOK_EVENTS = (
    EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED, EventType.STARTED, EventType.PROGRESS,
)  # fmt: skip
DEFAULT_WEBHOOK_EVENTS = WEBHOOK_EVENTS[:3]


@dataclass(frozen=True)
class JobEvent:
    """One event of a job's stream: its id (for `Last-Event-ID`) and the job as it was then."""

    id: str
    type: EventType
    job: Job


@dataclass(frozen=True)
class SignedWebhook:
    """What goes over the wire: the body's bytes and the headers that sign exactly them."""

    body: bytes
    headers: dict[str, str]


def read_events(reply: Any) -> tuple[JobEvent, ...]:  # noqa: ANN401
    """Read a script's reply: the request once, then id, type and changed fields of each event."""
    if not reply:
        return ()
    request, rows = reply
    return tuple(
        JobEvent(event_id, EventType(kind), job_from_fields(json.loads(state) | {"request": request}, None, None))
        for event_id, kind, state in rows
    )


def webhook_body(event_id: str, event_type: str, created_at_ms: int, job: Job) -> bytes:
    """Return the JSON body, under 20 kB: where it would be longer, prompt and then metadata are left out.

    Args:
        event_id: `msg_…`, the webhook-id.
        created_at_ms: when the event happened.
        job: as it was then.
    """
    video = to_video_object(job)
    moment = datetime.fromtimestamp(created_at_ms / 1000, UTC)
    envelope = {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "created_at": created_at_ms // 1000,
        "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": video,
    }
    for field_name, empty in (("prompt", None), ("metadata", {}), ("warnings", [])):
        body = _compact(envelope)
        if len(body) < MAX_PAYLOAD_BYTES:
            return body
        video[field_name] = empty
    return _compact(envelope)


def sign(event_id: str, body: bytes, secrets: Sequence[str], at: datetime) -> SignedWebhook:
    """Sign a body with each valid secret (a space-separated list while one rotates).

    Args:
        secrets: `whsec_…`, newest first; at least one.
        at: time of this try; receivers refuse old ones.
    """
    text = body.decode()
    signatures = " ".join(Webhook(secret).sign(event_id, at, text) for secret in secrets)
    headers = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signatures,
    }
    return SignedWebhook(body, headers)


def retry_in_s(
    event_type: str,
    next_step: int,
    schedule_s: Sequence[float] = RETRY_SCHEDULE_S,
    jitter: Callable[[float, float], float] = random.uniform,
) -> float | None:
    """Return seconds until try number `next_step` (0 is the first), with jitter; None when there is no further one."""
    if event_type == EventType.PROGRESS or next_step >= len(schedule_s):
        return None
    return schedule_s[next_step] * jitter(1 - RETRY_JITTER, 1 + RETRY_JITTER)


def _compact(value: Any) -> bytes:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

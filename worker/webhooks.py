"""Deliveries: what is due in the outbox is signed, sent, and its outcome recorded; a dead receiver touches no job."""

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpcore

from jobs.events import retry_in_s, sign, webhook_body
from jobs.keys import new_webhook_secret
from jobs.logging import logger
from jobs.settings import WebhookSettings
from jobs.urls import UrlRefused, UrlRules
from jobs.verbs.deliveries import DueDelivery
from worker.outbound import Answer, OutboundClient, ReceiverUnreachable
from worker.workplace import Workplace

log = logger(__name__)

_GONE = 410
_POLL_S = 0.5  # how soon something newly due is seen beside one that hangs
_MAX_RETRY_AFTER_S = 86400.0


def outbound_client(settings: WebhookSettings) -> OutboundClient:
    """Return the client whose rules the settings name."""
    rules = UrlRules(allow_http=settings.allow_http, allow_loopback=settings.allow_loopback)
    return OutboundClient(rules, settings.timeout_s, settings.max_answer_bytes, httpcore.default_ssl_context())


def deliver_due(place: Workplace) -> None:
    """Send until nothing is due, `concurrency` at a time; stops taking more when the worker drains.

    Of one tenant only its share is under way, so that receivers that hang leave places for others'.
    """
    settings = place.settings.webhooks
    client = outbound_client(settings)
    with ThreadPoolExecutor(settings.concurrency, "delivery") as threads:
        under_way: dict[Future[None], str] = {}
        while True:
            free = 0 if place.board.is_draining else settings.concurrency - len(under_way)
            shares = settings.share_per_tenant, Counter(under_way.values())
            due = place.store.take_due_deliveries(free, settings.sender_lost_s, *shares) if free else ()
            under_way |= {threads.submit(deliver_one, place, client, each): each.job.tenant for each in due}
            if not under_way:
                return
            for each in wait(under_way, _POLL_S, FIRST_COMPLETED).done:
                del under_way[each]
                each.result()


def deliver_one(place: Workplace, client: OutboundClient, due: DueDelivery) -> None:
    """Sign, send once, record."""
    delivery, job = due.delivery, due.job
    body = webhook_body(delivery.id, delivery.event_type, delivery.created_at_ms, job)
    signed = sign(delivery.id, body, secrets_of(place, job.tenant), datetime.now(UTC))
    started_at_s = time.monotonic()
    answer: Answer | None = None
    problem: str | None = None
    try:
        answer = client.post(job.request.webhook_url or "", signed.body, signed.headers)
    except (UrlRefused, ReceiverUnreachable) as error:
        problem = str(error)[:200]
    is_delivered = answer is not None and 200 <= answer.status < 300
    if answer is not None and not is_delivered:
        problem = f"the receiver answered {answer.status}"
    place.store.record_try(
        delivery.id,
        delivery.tries,
        is_delivered=is_delivered,
        status_code=answer.status if answer else None,
        error=problem,
        duration_ms=round(1000 * (time.monotonic() - started_at_s)),
        retry_in_s=None if is_delivered else next_try_in_s(due, answer, place.settings.webhooks.schedule_s),
        ends_job=answer is not None and answer.status == _GONE,
    )
    outcome = "delivered" if is_delivered else "failed"
    place.board.post(webhook_outcome=outcome)
    log.info(
        "webhook_tried", job_id=job.id, delivery_id=delivery.id, type=delivery.event_type, outcome=outcome,
        status=answer.status if answer else None, tries=delivery.tries, error=problem,
    )  # fmt: skip


def secrets_of(place: Workplace, tenant: str) -> tuple[str, ...]:
    """Return the tenant's valid secrets, the one of the settings first, then the newest."""
    fixed = place.settings.webhooks.secret
    stored = place.store.webhook_secrets(tenant)
    if fixed is not None and tenant == place.settings.default_tenant:
        return tuple(dict.fromkeys((fixed.get_secret_value(), *stored)))
    return stored or place.store.ensure_webhook_secret(tenant, new_webhook_secret())


def next_try_in_s(due: DueDelivery, answer: Answer | None, schedule_s: tuple[float, ...]) -> float | None:
    """Return seconds to the next try, not before the receiver's `Retry-After`; None when there is none."""
    planned_s = retry_in_s(due.delivery.event_type, due.delivery.schedule_step + 1, schedule_s)
    asked_s = retry_after_s(answer.retry_after) if answer and answer.retry_after else 0.0
    return None if planned_s is None else max(planned_s, min(asked_s, _MAX_RETRY_AFTER_S))


def retry_after_s(text: str) -> float:
    """Read a `Retry-After`: seconds, or a date; 0 when it is neither."""
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

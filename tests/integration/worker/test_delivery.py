"""Laws of one delivery: what the receiver answers decides when, and whether, it is tried again."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from jobs.settings import StoreSettings
from jobs.verbs.deliveries import Delivery, DeliveryState
from tests.integration.worker.alone import create_job, place_alone, settings_alone
from tests.unit.worker.receivers import is_silent, receiving, says
from tests.waiting import comes_true
from worker.webhooks import deliver_due
from worker.workplace import Workplace

PLANNED_S, JITTER, DAY_S = 300.0, 0.2, 86400.0
SOON_S = 5.0  # the time that this test itself may take
WEBHOOKS = {"allow_loopback": True, "schedule_s": (0.0, PLANNED_S)}


@pytest.fixture
def place(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Workplace]:
    place = place_alone(settings_alone(store_settings, tmp_path, webhooks=WEBHOOKS))
    yield place
    place.store.close()


def deliver(place: Workplace, status: int, *headers: str) -> tuple[Delivery, float]:
    """One try of a cancelled job's event, and the seconds until the next."""
    with receiving(says(status, *headers)) as receiver:
        job = create_job(place.store, place.storage, webhook_url=f"http://127.0.0.1:{receiver.port}/hook")
        place.store.cancel(job.id)
        deliver_due(place)
        assert receiver.num_connections == 1
    (delivery,) = place.store.list_deliveries(job.id) or ()
    return delivery, (delivery.next_at_ms or 0) / 1000 - time.time()


def test_receivers_that_hang_leave_places_for_other_tenants_deliveries(place: Workplace) -> None:
    settings = place.settings.webhooks
    with receiving(is_silent) as hanging, receiving(says(200)) as quick:
        for _ in range(2 * settings.concurrency):
            job = create_job(place.store, place.storage, tenant="ada", webhook_url=f"http://127.0.0.1:{hanging.port}/")
            place.store.cancel(job.id)
        delivering = threading.Thread(target=deliver_due, args=(place,))
        delivering.start()
        assert comes_true(lambda: hanging.num_connections > 0)
        job = create_job(place.store, place.storage, tenant="bob", webhook_url=f"http://127.0.0.1:{quick.port}/")
        place.store.cancel(job.id)

        assert comes_true(lambda: quick.num_connections > 0)

        assert 0 < hanging.num_connections <= settings.share_per_tenant
        place.board.ask_to_drain()
    delivering.join()


def at(moment: datetime) -> str:
    return f"Retry-After: {format_datetime(moment, usegmt=True)}"


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_is_left_alone_for_as_long_as_it_asks(place: Workplace, status: int) -> None:
    delivery, next_s = deliver(place, status, "Retry-After: 7200")

    assert delivery.state is DeliveryState.PENDING
    assert 7200 - SOON_S < next_s <= 7200


def test_a_receiver_may_ask_with_a_date(place: Workplace) -> None:
    _, next_s = deliver(place, 503, at(datetime.now(UTC) + timedelta(hours=3)))

    assert 3 * 3600 - SOON_S < next_s <= 3 * 3600


def test_nobody_puts_a_delivery_off_for_longer_than_a_day(place: Workplace) -> None:
    _, next_s = deliver(place, 503, "Retry-After: 99999999")

    assert DAY_S - SOON_S < next_s <= DAY_S


@pytest.mark.parametrize(
    "header",
    ["Retry-After: 1", "Retry-After: -7200", "Retry-After: soon", at(datetime(2020, 1, 1, tzinfo=UTC)), "X-None: 1"],
)
def test_the_schedule_stands_where_less_or_nothing_sensible_is_asked(place: Workplace, header: str) -> None:
    _, next_s = deliver(place, 500, header)

    assert PLANNED_S * (1 - JITTER) - SOON_S < next_s < PLANNED_S * (1 + JITTER)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_counts_as_a_failed_try_and_is_not_followed(place: Workplace, status: int) -> None:
    with receiving(says(200)) as elsewhere:
        delivery, _ = deliver(place, status, f"Location: http://127.0.0.1:{elsewhere.port}/hook")

    assert (delivery.state, [line.status_code for line in delivery.log]) == (DeliveryState.PENDING, [status])
    assert elsewhere.num_connections == 0


def test_a_receiver_that_is_gone_is_never_asked_again_even_if_it_says_when(place: Workplace) -> None:
    delivery, _ = deliver(place, 410, "Retry-After: 1")

    assert (delivery.state, delivery.next_at_ms) == (DeliveryState.DROPPED, None)
    assert place.store.deliveries_due() == 0

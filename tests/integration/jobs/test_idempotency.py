"""Laws of creating once: keys, silent retries, quotas."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.errors import QueueFull, QuotaExceeded, ReservationLost
from jobs.job import JobRequest
from jobs.settings import StoreSettings
from jobs.store import AsyncJobStore, JobStore
from jobs.verbs.lifecycle import Created, Reservation
from tests.integration.jobs.conftest import CLASS, Clock, make_request

TWINS = 50


def keyed(store: JobStore, request: JobRequest, key: str = "k") -> Created:
    reserved = store.reserve_key("ada", "videos", key, request.fingerprint, owner=request.id)
    assert reserved.state is Reservation.RESERVED
    return store.create(request, idempotency_key=key, owner=request.id)


def test_fifty_requests_with_one_key_at_once_make_one_job(store_settings: StoreSettings) -> None:
    async def one(store: AsyncJobStore) -> Reservation:
        request = make_request(fingerprint="same")
        reserved = await store.reserve_key("ada", "videos", "k", "same", owner=request.id)
        if reserved.state is Reservation.RESERVED:
            await store.create(request, idempotency_key="k", owner=request.id)
        return reserved.state

    async def all_at_once() -> tuple[list[Reservation], int]:
        store = AsyncJobStore(store_settings)
        states = await asyncio.gather(*(one(store) for _ in range(TWINS)))
        page = await store.list_jobs("ada", limit=100)
        await store.close()
        return states, len(page.jobs)

    states, num_jobs = asyncio.run(all_at_once())

    assert num_jobs == 1
    assert states.count(Reservation.RESERVED) == 1
    assert set(states) <= {Reservation.RESERVED, Reservation.IN_FLIGHT, Reservation.REPLAY}


def test_fifty_silent_retries_at_once_make_one_job(store: JobStore) -> None:
    requests = [make_request(fingerprint="same") for _ in range(TWINS)]

    with ThreadPoolExecutor(10) as pool:
        created = list(pool.map(lambda request: store.create(request, is_retry=True), requests))

    assert sum(each.is_new for each in created) == 1
    assert len({each.job.id for each in created}) == 1


def test_a_key_finds_its_job_again(store: JobStore) -> None:
    request = make_request()
    keyed(store, request)

    again = store.reserve_key("ada", "videos", "k", request.fingerprint, owner="other")

    assert (again.state, again.job_id) == (Reservation.REPLAY, request.id)


def test_a_key_stands_for_one_request_only(store: JobStore) -> None:
    store.reserve_key("ada", "videos", "k", "one", owner="a")
    in_flight = store.reserve_key("ada", "videos", "k", "other", owner="b")
    store.unreserve_key("ada", "videos", "k", "a")
    keyed(store, make_request(fingerprint="one"))
    made = store.reserve_key("ada", "videos", "k", "other", owner="c")

    assert (in_flight.state, made.state) == (Reservation.MISMATCH, Reservation.MISMATCH)


def test_a_key_in_flight_is_free_again_when_its_request_failed(store: JobStore) -> None:
    store.reserve_key("ada", "videos", "k", "print", owner="a")
    store.unreserve_key("ada", "videos", "k", "b")
    twin = store.reserve_key("ada", "videos", "k", "print", owner="b")
    store.unreserve_key("ada", "videos", "k", "a")
    retry = store.reserve_key("ada", "videos", "k", "print", owner="b")

    assert (twin.state, retry.state) == (Reservation.IN_FLIGHT, Reservation.RESERVED)


def test_keys_of_other_tenants_and_routes_are_other_keys(store: JobStore) -> None:
    states = {
        store.reserve_key(tenant, route, "k", "print", owner=tenant + route).state
        for tenant in ("ada", "bob")
        for route in ("videos", "remix")
    }

    assert states == {Reservation.RESERVED}


def test_a_reservation_that_another_request_took_over_creates_nothing(store: JobStore) -> None:
    request = make_request()
    store.reserve_key("ada", "videos", "k", request.fingerprint, owner="another")

    with pytest.raises(ReservationLost):
        store.create(request, idempotency_key="k", owner="mine")

    assert store.get(request.id) is None


def test_the_key_of_a_holder_that_died_is_free_after_its_reservation(store: JobStore) -> None:
    store.reserve_key("ada", "videos", "k", "print", owner="dead", held_s=0.2)
    at_once = store.reserve_key("ada", "videos", "k", "print", owner="b")
    ends_at_s = time.monotonic() + 10
    while (later := store.reserve_key("ada", "videos", "k", "print", owner="b")).state is Reservation.IN_FLIGHT:
        assert time.monotonic() < ends_at_s

    assert at_once.state is Reservation.IN_FLIGHT
    assert later.state is Reservation.RESERVED


def test_a_reservation_that_is_renewed_does_not_lapse_and_one_that_lapsed_is_not_renewed(
    store: JobStore, clock: Clock
) -> None:
    store.reserve_key("ada", "videos", "k", "print", owner="a", held_s=5)
    renewed = store.renew_key("ada", "videos", "k", "a", held_s=60)
    left_s = clock.seconds_left("idempotency:ada:videos:k")
    clock.forget("idempotency:ada:videos:k")
    lapsed = store.renew_key("ada", "videos", "k", "a", held_s=60)

    assert (renewed, lapsed) == (True, False)
    assert left_s > 50
    assert store.reserve_key("ada", "videos", "k", "print", owner="b").state is Reservation.RESERVED
    assert not store.renew_key("ada", "videos", "k", "a")


def test_renewing_a_key_that_has_made_its_job_does_not_shorten_its_life(store: JobStore, clock: Clock) -> None:
    request = make_request()
    keyed(store, request)

    assert store.renew_key("ada", "videos", "k", request.id, held_s=1)
    assert clock.seconds_left("idempotency:ada:videos:k") > 80_000


def test_a_late_holder_makes_no_second_job(store: JobStore, clock: Clock) -> None:
    late, heir = make_request(fingerprint="same"), make_request(fingerprint="same")
    store.reserve_key("ada", "videos", "k", "same", owner=late.id)
    clock.forget("idempotency:ada:videos:k")  # it lapsed while its holder was stopped
    with pytest.raises(ReservationLost):
        store.create(late, idempotency_key="k", owner=late.id)
    store.reserve_key("ada", "videos", "k", "same", owner=heir.id)
    with pytest.raises(ReservationLost):
        store.create(late, idempotency_key="k", owner=late.id)
    made = store.create(heir, idempotency_key="k", owner=heir.id)

    after = store.create(late, idempotency_key="k", owner=late.id)

    assert (made.is_new, after.is_new, after.job.id) == (True, False, heir.id)
    assert store.get(late.id) is None


def test_the_key_of_a_deleted_job_is_free(store: JobStore) -> None:
    request = make_request()
    keyed(store, request)
    store.delete(request.id)

    assert store.reserve_key("ada", "videos", "k", "new", owner="x").state is Reservation.RESERVED


def test_two_requests_that_are_alike_but_no_retries_are_two_jobs(store: JobStore) -> None:
    first = store.create(make_request(fingerprint="same"))
    second = store.create(make_request(fingerprint="same"))

    assert first.is_new
    assert second.is_new


def test_a_retry_is_the_job_of_the_request_that_it_repeats(store: JobStore) -> None:
    first = store.create(make_request(fingerprint="same"))
    retry = store.create(make_request(fingerprint="same"), is_retry=True)
    other = store.create(make_request(fingerprint="same", tenant="bob"), is_retry=True)

    assert retry.job.id == first.job.id
    assert other.is_new


def test_a_retry_that_overtakes_its_request_is_the_same_job(store: JobStore) -> None:
    retry = store.create(make_request(fingerprint="same"), is_retry=True)
    overtaken = store.create(make_request(fingerprint="same"), request_age_s=60)
    later = store.create(make_request(fingerprint="same"), request_age_s=60)

    assert overtaken.job.id == retry.job.id
    assert later.is_new


def test_a_tenants_quota_counts_live_jobs_only(store: JobStore) -> None:
    jobs = [store.create(make_request(), max_active_per_tenant=2).job for _ in range(2)]
    with pytest.raises(QuotaExceeded, match="2 jobs are queued or running; the limit is 2"):
        store.create(make_request(), max_active_per_tenant=2)
    store.create(make_request(tenant="bob"), max_active_per_tenant=2)

    store.cancel(jobs[0].id)

    assert store.create(make_request(), max_active_per_tenant=2).is_new


def test_a_tenants_own_quota_goes_before_the_setting(store: JobStore) -> None:
    store.set_quota("ada", 1)
    store.create(make_request())

    with pytest.raises(QuotaExceeded) as refused:
        store.create(make_request())

    assert (refused.value.active, refused.value.limit) == (1, 1)
    assert (store.quota("ada"), store.quota("bob")) == (1, None)


def test_a_full_queue_takes_nobody_else_until_one_is_claimed(store: JobStore) -> None:
    store.create(make_request(), max_waiting=1)
    with pytest.raises(QueueFull, match="1 jobs wait; the limit is 1"):
        store.create(make_request(tenant="bob"), max_waiting=1)

    store.claim_next(CLASS, "w1")

    assert store.create(make_request(tenant="bob"), max_waiting=1).is_new


def test_a_refused_request_leaves_nothing(store: JobStore, clock: Clock) -> None:
    store.set_quota("ada", 0)
    before = clock.names()
    with pytest.raises(QuotaExceeded):
        store.create(make_request())

    assert clock.names() == before

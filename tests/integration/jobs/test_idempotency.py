"""Laws of creating once: keys, silent retries, quotas."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.errors import JobDeleted, QueueFull, QuotaExceeded, ReservationLost
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

    assert (again.state, again.job_ids) == (Reservation.REPLAY, (request.id,))


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


def takes(number: int, **changes: object) -> list[JobRequest]:
    return [make_request(**{"fingerprint": "takes", **changes}) for _ in range(number)]


def test_takes_are_jobs_of_their_own_in_the_order_in_which_they_were_asked_for(store: JobStore, clock: Clock) -> None:
    requests = takes(3, webhook_url="https://example.com/h", webhook_events=("video.completed",))

    made = store.create(*requests)

    assert made.is_new
    assert [job.request for job in made.jobs] == requests
    assert [job.queue_position for job in made.jobs] == [1, 2, 3]
    assert store.status_counts()["queued"] == 3
    assert {bell.job_id for bell in store.sweep(0.0, 0.0).doorbells} == {request.id for request in requests}
    for request in requests:
        assert [event.type for event in store.events_after(request.id)] == ["video.created"]
        claimed = store.claim_next(CLASS, "w")
        assert claimed is not None
        assert claimed.id == request.id


def test_a_key_finds_all_its_takes_again_and_stands_while_one_of_them_does(store: JobStore) -> None:
    requests = takes(3)
    store.reserve_key("ada", "videos", "k", "takes", owner="me")
    store.create(*requests, idempotency_key="k", owner="me")

    whole = store.reserve_key("ada", "videos", "k", "takes", owner="b")
    other = store.reserve_key("ada", "videos", "k", "another", owner="b")
    store.delete(requests[0].id)
    two = store.reserve_key("ada", "videos", "k", "takes", owner="b")
    for request in requests[1:]:
        store.delete(request.id)
    free = store.reserve_key("ada", "videos", "k", "takes", owner="b")

    assert (whole.state, whole.job_ids) == (Reservation.REPLAY, tuple(request.id for request in requests))
    assert other.state is Reservation.MISMATCH
    assert (two.state, two.job_ids) == (Reservation.REPLAY, tuple(request.id for request in requests[1:]))
    assert (free.state, free.job_ids) == (Reservation.RESERVED, ())


def test_a_create_that_is_said_twice_makes_its_takes_once(store: JobStore) -> None:
    requests = takes(4)

    first, again = store.create(*requests), store.create(*requests)

    assert (first.is_new, again.is_new) == (True, False)
    assert [job.id for job in again.jobs] == [job.id for job in first.jobs]
    assert store.status_counts()["queued"] == 4


def test_a_silent_retry_of_takes_finds_all_of_them(store: JobStore) -> None:
    first = store.create(*takes(3))

    again = store.create(*takes(3), is_retry=True)

    assert (again.is_new, [job.id for job in again.jobs]) == (False, [job.id for job in first.jobs])


@pytest.mark.parametrize(
    ("limits", "refusal", "message"),
    [
        ({"max_active_per_tenant": 3}, QuotaExceeded, "running, and 3 more are wanted; the limit is 3"),
        ({"max_waiting": 3}, QueueFull, "1 jobs wait, and 3 more are wanted; the limit is 3"),
    ],
)  # fmt: skip
def test_takes_that_do_not_all_fit_are_refused_whole(
    store: JobStore, limits: dict[str, int], refusal: type[Exception], message: str
) -> None:
    store.create(make_request())

    with pytest.raises(refusal, match=message):
        store.create(*takes(3), **limits)

    assert store.status_counts()["queued"] == 1
    assert len(store.create(*takes(2), **limits).jobs) == 2


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_takes_one_of_which_was_deleted_before_are_not_written_at_all(store: JobStore, turn: int) -> None:
    requests = takes(3)
    store.create(requests[turn])
    store.delete(requests[turn].id)

    with pytest.raises(JobDeleted):
        store.create(*requests)

    assert store.status_counts().get("queued", 0) == 0


def test_takes_whose_reservation_lapsed_are_not_written_at_all(store: JobStore) -> None:
    store.reserve_key("ada", "videos", "k", "takes", owner="another")

    with pytest.raises(ReservationLost):
        store.create(*takes(2), idempotency_key="k", owner="mine")

    assert store.status_counts().get("queued", 0) == 0


def test_takes_asked_for_at_once_by_many_never_pass_the_quota(store: JobStore) -> None:
    def one(turn: int) -> int:
        try:
            return len(store.create(*takes(3, fingerprint=str(turn)), max_active_per_tenant=10).jobs)
        except QuotaExceeded:
            return 0

    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(one, range(10)))

    assert sorted(made) == [0] * 7 + [3] * 3
    assert store.status_counts()["queued"] == 9

"""Laws of the waiting line: priority, turns among tenants, places that come true."""

from jobs.job import Priority
from jobs.store import JobStore
from tests.integration.jobs.conftest import CLASS, make_request


def put(store: JobStore, tenant: str, priority: Priority = Priority.INTERACTIVE) -> str:
    return store.create(make_request(tenant=tenant, priority=priority)).job.id


def claim_all(store: JobStore) -> list[str]:
    claimed = []
    while (job := store.claim_next(CLASS, "w1")) is not None:
        claimed.append(job.id)
    return claimed


def test_a_tenant_with_many_jobs_does_not_hold_up_another(store: JobStore) -> None:
    many = [put(store, "ada") for _ in range(5)]
    few = [put(store, "bob") for _ in range(2)]

    order = claim_all(store)

    assert order == [many[0], few[0], many[1], few[1], *many[2:]]


def test_a_tenant_that_comes_back_waits_one_turn_and_has_no_credit(store: JobStore) -> None:
    put(store, "bob")
    ada = [put(store, "ada") for _ in range(4)]
    first_two = [store.claim_next(CLASS, "w1") for _ in range(2)]
    bob = [put(store, "bob") for _ in range(3)]

    assert [job.tenant for job in first_two if job] == ["ada", "bob"]
    assert claim_all(store) == [ada[1], bob[0], ada[2], bob[1], ada[3], bob[2]]


def test_interactive_goes_before_batch(store: JobStore) -> None:
    batch = put(store, "ada", Priority.BATCH)
    interactive = [put(store, "ada"), put(store, "bob")]

    assert claim_all(store) == [*interactive, batch]


def test_classes_do_not_mix(store: JobStore) -> None:
    put(store, "ada")

    assert store.claim_next("mmgt-512", "w1") is None


def test_a_told_place_comes_true(store: JobStore) -> None:
    ids = [put(store, tenant) for tenant in ("ada", "ada", "bob", "ada", "eve", "bob", "bob")]
    ids += [put(store, tenant, Priority.BATCH) for tenant in ("eve", "ada", "eve")]
    store.claim_next(CLASS, "w1")

    jobs = [job for job_id in ids if (job := store.get(job_id)) is not None]
    places = {job.id: job.queue_position for job in jobs if job.queue_position is not None}

    assert claim_all(store) == sorted(places, key=lambda job_id: places[job_id] or 0)
    assert sorted(places.values()) == list(range(1, len(ids)))


def test_a_released_job_stands_where_it_stood(store: JobStore) -> None:
    ids = [put(store, "ada") for _ in range(3)]
    first = store.claim_next(CLASS, "w1")
    assert first is not None

    store.release(first.id, 1)

    assert claim_all(store) == ids


def test_the_queue_counts_everybody_and_the_asker(store: JobStore) -> None:
    for tenant in ("ada", "ada", "bob"):
        put(store, tenant)
    put(store, "bob", Priority.BATCH)
    store.claim_next(CLASS, "w1")

    state = store.queue_state(CLASS, "ada")

    assert (state.waiting_interactive, state.waiting_batch, state.running) == (2, 1, 1)
    assert (state.own_waiting, state.own_running) == (1, 1)
    assert (store.active_jobs("ada"), store.active_jobs("bob")) == (2, 2)


def test_a_place_among_more_tenants_than_are_counted_comes_true(store: JobStore) -> None:
    ids = [put(store, f"tenant{number:03}") for number in range(510)]
    last = put(store, "tenant509")

    told = [store.get(job_id).queue_position for job_id in (ids[0], ids[505], last)]  # type: ignore[union-attr]
    order = claim_all(store)

    assert told == [order.index(job_id) + 1 for job_id in (ids[0], ids[505], last)]


def test_a_look_ahead_names_the_very_job_that_is_claimed_next_and_changes_nothing(store: JobStore) -> None:
    put(store, "cat", Priority.BATCH)
    for tenant in ("ada", "ada", "bob", "ada", "bob"):
        put(store, tenant)
    looks = []

    while (ahead := store.peek_next(CLASS)) is not None:
        before = store.peek_next(CLASS)
        job = store.claim_next(CLASS, "w1")
        assert job is not None
        looks.append((ahead.id == job.id, before == ahead, ahead.attempt, ahead.status.value))

    assert looks == [(True, True, 0, "queued")] * 6

"""Laws of the list: order, pages that neither skip nor repeat, filters."""

import itertools

import pytest
import redis

from jobs.errors import UnknownCursor
from jobs.job import JobStatus
from jobs.settings import StoreSettings
from jobs.store import JobStore
from jobs.verbs.listing import Page
from tests.integration.jobs.conftest import CLASS, Clock, make_request


def fill(store: JobStore, number: int) -> list[str]:
    """Ids in the order of the list, newest first."""
    for _ in range(number):
        store.create(make_request())
    return ids(store.list_jobs("ada", limit=1000))


def ids(page: Page) -> list[str]:
    return [job.id for job in page.jobs]


def walk(store: JobStore, newest_first: bool) -> list[str]:
    found: list[str] = []
    page = store.list_jobs("ada", limit=3, newest_first=newest_first)
    while True:
        found += ids(page)
        if not page.has_more:
            return found
        page = store.list_jobs("ada", limit=3, after=found[-1], newest_first=newest_first)


def test_pages_neither_skip_nor_repeat_in_both_orders(store: JobStore) -> None:
    expected = fill(store, 10)

    assert walk(store, newest_first=True) == expected
    assert walk(store, newest_first=False) == expected[::-1]


def test_the_list_is_in_the_order_of_creation(store: JobStore) -> None:
    fill(store, 10)

    page = store.list_jobs("ada", limit=10, newest_first=False)

    assert all(a.created_at_ms <= b.created_at_ms for a, b in itertools.pairwise(page.jobs))
    assert not page.has_more


def test_before_gives_the_page_just_before_in_the_same_order(store: JobStore) -> None:
    expected = fill(store, 8)

    page = store.list_jobs("ada", limit=3, before=expected[5])
    first = store.list_jobs("ada", limit=3, before=expected[2])

    assert (ids(page), page.has_more) == (expected[2:5], True)
    assert (ids(first), first.has_more) == (expected[:2], False)


def test_after_and_before_together_are_a_window(store: JobStore) -> None:
    expected = fill(store, 6)

    page = store.list_jobs("ada", limit=10, after=expected[1], before=expected[4])

    assert (ids(page), page.has_more) == (expected[2:4], False)


def test_a_page_goes_on_after_a_job_that_was_deleted_meanwhile(store: JobStore) -> None:
    expected = fill(store, 5)
    store.delete(expected[1])

    assert ids(store.list_jobs("ada", limit=10, after=expected[1])) == expected[2:]


def test_a_cursor_of_another_tenant_is_unknown(store: JobStore) -> None:
    other = store.create(make_request(tenant="bob")).job

    with pytest.raises(UnknownCursor):
        store.list_jobs("ada", after=other.id)


def test_status_filters(store: JobStore) -> None:
    fill(store, 3)
    running = store.claim_next(CLASS, "w1")
    assert running is not None

    assert ids(store.list_jobs("ada", status=JobStatus.IN_PROGRESS)) == [running.id]
    assert len(ids(store.list_jobs("ada", status=JobStatus.QUEUED))) == 2


def test_metadata_filters_by_all_pairs_exactly(store: JobStore) -> None:
    both = store.create(make_request(metadata={"shop": "7", "текст": "да"})).job
    store.create(make_request(metadata={"shop": "7"}))
    store.create(make_request(metadata={"shop": "77", "текст": "да"}))

    assert ids(store.list_jobs("ada", metadata={"shop": "7", "текст": "да"})) == [both.id]
    assert len(store.list_jobs("ada", metadata={"shop": "7"}).jobs) == 2
    assert store.list_jobs("ada", metadata={"shop": "8"}).jobs == ()


def test_filters_find_what_lies_many_pages_behind(store: JobStore) -> None:
    rare = store.create(make_request(metadata={"rare": "1"})).job
    fill(store, 250)

    page = store.list_jobs("ada", limit=1, metadata={"rare": "1"})

    assert (ids(page), page.has_more) == ([rare.id], False)


def test_no_script_of_a_search_looks_at_more_than_its_stretch(
    store: JobStore, store_settings: StoreSettings, clock: Clock
) -> None:
    clock.copy_job(store.create(make_request(metadata={"rare": "1"})).job, 20_000)
    with redis.Redis.from_url(store_settings.url.get_secret_value()) as client:
        before = commands(client)
        page = store.list_jobs("ada", limit=1, metadata={"rare": "2"}, status=JobStatus.QUEUED)
        after = commands(client)

    assert (page.jobs, page.has_more) == ((), False)
    scripts, looks = after["evalsha"] - before["evalsha"], after["hmget"] - before["hmget"]
    assert looks == 20_001
    assert looks / scripts <= 101


def test_a_search_through_many_stretches_neither_skips_nor_repeats(store: JobStore, clock: Clock) -> None:
    first = store.create(make_request(metadata={"shop": "7"})).job
    clock.copy_job(first, 600)
    others = [store.create(make_request()).job.id for _ in range(3)]
    everything = ids(store.list_jobs("ada", limit=1000))

    found = ids(store.list_jobs("ada", limit=1000, metadata={"shop": "7"}))
    up = ids(store.list_jobs("ada", limit=1000, metadata={"shop": "7"}, newest_first=False))
    behind = store.list_jobs("ada", limit=5, before=everything[-1], metadata={"shop": "7"})
    none = store.list_jobs("ada", limit=5, before=found[-1], status=JobStatus.COMPLETED)

    assert [job_id for job_id in everything if job_id not in others] == found  # two of a millisecond have either order
    assert (len(everything), len(found)) == (604, 601)
    assert up == found[::-1]
    assert (ids(behind), behind.has_more) == ([each for each in found if each != everything[-1]][-5:], True)
    assert (none.jobs, none.has_more) == ((), False)


def test_a_value_that_reads_like_another_pair_is_not_taken_for_it(store: JobStore) -> None:
    store.create(make_request(metadata={"a": ": ", "b": "x"}))
    quoted = store.create(make_request(metadata={'quo"te': 'back\\slash "and" ü'})).job

    assert store.list_jobs("ada", metadata={": ": ", "}).jobs == ()
    assert ids(store.list_jobs("ada", metadata={'quo"te': 'back\\slash "and" ü'})) == [quoted.id]


def commands(client: redis.Redis) -> dict[str, int]:
    stats = client.info("commandstats")
    return {name: stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("evalsha", "hmget")}

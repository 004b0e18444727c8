"""Laws of a preview's record: it grows with the attempt that makes it, wakes its readers, and ends a while after it."""

import asyncio

import pytest

from jobs.job import Job, Preview, PreviewEnd
from jobs.settings import StoreSettings
from jobs.store import AsyncJobStore, JobStore
from jobs.verbs.lifecycle import Outcome, Results
from jobs.verbs.upkeep import PurgePart
from tests.integration.jobs.conftest import CLASS, Clock

RESULTS = Results({"video": "v"}, 3.2, 1.0)
WHOLE = Preview(4, PreviewEnd.WHOLE)


def read(store: JobStore, job: Job) -> Job:
    now = store.get(job.id)
    assert now is not None
    return now


def test_its_beginning_is_an_event_and_a_new_version_and_its_growth_is_neither(store: JobStore, claimed: Job) -> None:
    told = [store.preview(claimed.id, 1, Preview(count)) for count in (1, 2, 3)]
    begun = read(store, claimed)
    told.append(store.preview(claimed.id, 1, WHOLE))
    ended = read(store, claimed)

    types = [event.type.value for event in store.events_after(claimed.id)]
    assert told == [Outcome.DONE] * 4
    assert types == ["video.created", "video.started", "video.preview"]
    assert store.events_after(claimed.id)[-1].job.has_preview
    assert (begun.version, begun.preview) == (claimed.version + 1, Preview(3))
    assert (ended.version, ended.preview) == (begun.version, WHOLE)


def test_one_that_is_dropped_is_a_new_version(store: JobStore, claimed: Job) -> None:
    store.preview(claimed.id, 1, Preview(1))
    before = read(store, claimed)

    store.preview(claimed.id, 1, Preview(1, PreviewEnd.DROPPED))

    assert before.has_preview
    assert not read(store, claimed).has_preview
    assert read(store, claimed).version == before.version + 1


def test_another_attempt_and_an_ended_one_are_not_believed(store: JobStore, claimed: Job) -> None:
    store.preview(claimed.id, 1, Preview(2))
    store.release(claimed.id, 1)
    requeued = read(store, claimed)
    of_the_queued = store.preview(claimed.id, 1, Preview(3))
    store.claim_next(CLASS, "w2")
    of_the_first = store.preview(claimed.id, 1, Preview(3))
    store.cancel(claimed.id)
    store.acknowledge_cancel(claimed.id, 2)
    of_the_cancelled = store.preview(claimed.id, 2, Preview(1))
    store.delete(claimed.id)

    assert requeued.preview is None
    assert [of_the_queued, of_the_first, of_the_cancelled] == [Outcome.STALE] * 3
    assert store.preview(claimed.id, 2, Preview(1)) is Outcome.GONE


def test_it_may_become_whole_after_the_job_completed_and_nobody_is_told_of_it(store: JobStore, claimed: Job) -> None:
    store.preview(claimed.id, 1, Preview(3))
    store.finalise(claimed.id, 1, RESULTS)

    outcome = store.preview(claimed.id, 1, WHOLE)

    assert outcome is Outcome.DONE
    assert read(store, claimed).preview == WHOLE
    assert store.events_after(claimed.id)[-1].type.value == "video.completed"


def test_it_is_kept_for_a_while_after_completion_and_then_purged(store: JobStore, claimed: Job) -> None:
    store.preview(claimed.id, 1, WHOLE)
    while_it_runs = store.expire(preview_s=0)
    store.finalise(claimed.id, 1, RESULTS)
    early = store.expire(preview_s=3600)
    late = store.expire(preview_s=0)

    (purge,) = store.take_purges()
    assert while_it_runs.previews == early.previews == ()
    assert late.previews == (claimed.id,)
    assert (purge.job_id, purge.part, purge.attempt) == (claimed.id, PurgePart.PREVIEW, 1)
    assert read(store, claimed).preview is None
    assert read(store, claimed).results == {"video": "v"}


def test_a_job_without_one_orders_no_purge(store: JobStore, claimed: Job) -> None:
    store.finalise(claimed.id, 1, RESULTS)

    assert store.expire(preview_s=0).previews == ()
    assert store.take_purges() == ()


def test_the_end_of_the_results_ends_it_too(store: JobStore, claimed: Job, clock: Clock) -> None:
    store.preview(claimed.id, 1, WHOLE)
    store.finalise(claimed.id, 1, RESULTS)
    clock.pass_deadline("expiring-results", claimed.id)

    store.expire(preview_s=3600)

    assert not read(store, claimed).has_preview
    assert [purge.part for purge in store.take_purges()] == [PurgePart.RESULTS]


@pytest.mark.parametrize("num_readers", [1, 40])
def test_every_reader_is_woken_by_growth_and_one_look_serves_a_crowd(
    store: JobStore, store_settings: StoreSettings, claimed: Job, num_readers: int
) -> None:
    store.preview(claimed.id, 1, Preview(1))

    def has_grown(job: Job | None) -> bool:
        return job is not None and job.preview == Preview(2)

    async def look() -> list[Job | None]:
        readers = AsyncJobStore(store_settings)
        waiting = [asyncio.create_task(readers.wait_for_job(claimed.id, has_grown, 10.0)) for _ in range(num_readers)]
        await asyncio.sleep(0)
        await asyncio.to_thread(store.preview, claimed.id, 1, Preview(2))
        found = await asyncio.gather(*waiting)
        await readers.close()
        return found

    assert [job and job.preview for job in asyncio.run(look())] == [Preview(2)] * num_readers

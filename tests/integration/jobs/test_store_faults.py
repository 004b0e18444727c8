"""Laws of the store under failure: restarts, races, lost scripts, silence."""

import asyncio
import itertools
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError

from api.sender import Bells, CelerySender
from jobs.errors import StoreUnavailable
from jobs.job import TRANSITIONS, JobStatus
from jobs.queue import ring
from jobs.settings import StoreSettings
from jobs.store import AsyncJobStore, JobStore
from jobs.verbs.lifecycle import Outcome, Results
from tests.integration.jobs.conftest import CLASS, Clock, make_request
from tests.integration.valkey import ValkeyServer, free_port

RESULTS = Results({"video": "v"}, 2.0, 8.0)
RACES = 30


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path, appendfsync="always")
    server.start()
    yield server
    server.stop()


def settings_of(server: ValkeyServer) -> StoreSettings:
    return StoreSettings.model_validate({"url": server.url})


def test_what_the_store_acknowledged_survives_its_death_and_running_jobs_finish(durable: ValkeyServer) -> None:
    store = JobStore(settings_of(durable))
    request = make_request()
    store.create(request)
    running = store.claim_next(CLASS, "w1")
    waiting = [store.create(make_request()).job.id for _ in range(5)]

    durable.kill()
    durable.start()
    outcome = store.finalise(request.id, 1, RESULTS)

    assert running is not None
    assert outcome is Outcome.DONE
    assert [job.id for _ in waiting if (job := store.claim_next(CLASS, "w2"))] == waiting
    store.close()


def test_the_reaper_waits_one_lease_after_a_restart(durable: ValkeyServer) -> None:
    store = JobStore(settings_of(durable))
    store.create(make_request())
    job = store.claim_next(CLASS, "w1")
    assert job is not None
    durable.kill()
    durable.start()
    clock = Clock(settings_of(durable))
    clock.end_lease(job)

    at_once = store.reap(lease_s=30)
    without_waiting = store.reap(lease_s=0)

    assert at_once.requeued == ()
    assert without_waiting.requeued == (job.id,)
    clock.close()
    store.close()


def test_a_store_that_forgot_its_scripts_is_told_them_again(store: JobStore, clock: Clock) -> None:
    store.create(make_request())
    clock.forget_scripts()

    assert store.claim_next(CLASS, "w1") is not None


def test_a_store_that_nobody_runs_is_unavailable() -> None:
    settings = StoreSettings.model_validate({"url": f"redis://127.0.0.1:{free_port()}/0", "retries": 1})
    store = JobStore(settings)

    async def ask() -> None:
        other = AsyncJobStore(settings)
        with pytest.raises(StoreUnavailable):
            await other.get("video_x")
        with pytest.raises(StoreUnavailable):
            await other.ping()
        with pytest.raises(StoreUnavailable):
            await other.wait_for_event("video_x", "0", 1.0)
        await other.close()

    asyncio.run(ask())
    with pytest.raises(StoreUnavailable):
        store.get("video_x")
    with pytest.raises(StoreUnavailable):
        store.ping()


def test_a_store_and_a_broker_that_are_stopped_hold_nobody_longer_than_the_time_out(durable: ValkeyServer) -> None:
    settings = StoreSettings.model_validate({"url": durable.url, "timeout_s": 1.0})
    store, sender = JobStore(settings), CelerySender(settings)
    store.ping()
    ring(sender, CLASS)

    async def ask() -> list[float]:
        other, bells = AsyncJobStore(settings), Bells(sender, settings.timeout_s)
        await other.ping()
        durable.signal(signal.SIGSTOP)
        took_s = []
        for question, raised in (
            (lambda: other.get("video_x"), StoreUnavailable),
            (lambda: other.wait_for_event("video_x", "0", 10.0), StoreUnavailable),
            (lambda: asyncio.to_thread(store.get, "video_x"), StoreUnavailable),
            (lambda: bells.ask(partial(ring, queue_class=CLASS)), OperationalError),
        ):
            began_at_s = time.monotonic()
            with pytest.raises(raised):
                await question()
            took_s.append(time.monotonic() - began_at_s)
        durable.signal(signal.SIGCONT)
        await other.close()
        return took_s

    took_s = asyncio.run(ask())
    sender.close()
    store.close()

    assert max(took_s) < 2.0, took_s


@pytest.mark.parametrize("rival", ["cancel", "delete"])
def test_cancel_and_delete_racing_completion_leave_only_legal_histories(store: JobStore, rival: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in range(RACES):
            request = make_request(webhook_url="https://example.org/hook")
            store.create(request)
            store.claim_next(CLASS, "w1")

            finishing = pool.submit(store.finalise, request.id, 1, RESULTS)
            ending = pool.submit(getattr(store, rival), request.id)
            outcome, _ = finishing.result(), ending.result()
            job = store.get(request.id)

            if rival == "delete":
                assert job is None
                assert outcome in (Outcome.DONE, Outcome.GONE)
            else:
                assert job is not None
                assert (outcome, job.status) in (
                    (Outcome.DONE, JobStatus.COMPLETED),
                    (Outcome.CANCELLED, JobStatus.CANCELLED),
                )
                assert bool(job.results) == (job.status is JobStatus.COMPLETED)
                told = [event.job.status for event in store.events_after(request.id)]
                steps = [(a, b) for a, b in itertools.pairwise(told) if a is not b]
                assert all(b in TRANSITIONS[a] for a, b in steps)
                assert len(store.list_deliveries(request.id) or ()) == 1


def test_two_workers_never_hold_one_attempt(store: JobStore) -> None:
    ids = [store.create(make_request()).job.id for _ in range(40)]

    with ThreadPoolExecutor(8) as pool:
        jobs = [job for job in pool.map(lambda n: store.claim_next(CLASS, f"w{n}"), range(60)) if job is not None]

    assert sorted(job.id for job in jobs) == sorted(ids)
    assert {job.attempt for job in jobs} == {1}


def test_a_follower_is_woken_by_the_next_event_and_by_deletion(store_settings: StoreSettings) -> None:
    async def follow() -> tuple[bool, bool, bool]:
        store = AsyncJobStore(store_settings)
        job = (await store.create(make_request())).job
        last = (await store.events_after(job.id))[-1].id
        nothing = await store.wait_for_event(job.id, last, 0.05)
        waiting = asyncio.create_task(store.wait_for_event(job.id, last, 10))
        await store.cancel(job.id)
        woken = await waiting
        last = (await store.events_after(job.id))[-1].id
        waiting = asyncio.create_task(store.wait_for_event(job.id, last, 10))
        await store.delete(job.id)
        told_of_deletion = await waiting
        await store.close()
        return nothing, woken, told_of_deletion

    assert asyncio.run(follow()) == (False, True, True)


def test_a_preflight_answer_reaches_the_one_who_waits_once(store: JobStore, store_settings: StoreSettings) -> None:
    async def wait() -> tuple[str | None, str | None]:
        client = AsyncJobStore(store_settings)
        waiting = asyncio.create_task(client.wait_preflight_answer("r1", 10))
        await asyncio.to_thread(store.put_preflight_answer, "r1", '{"seconds": 3.2}')
        first = await waiting
        second = await client.wait_preflight_answer("r1", 0.05)
        await client.close()
        return first, second

    assert asyncio.run(wait()) == ('{"seconds": 3.2}', None)

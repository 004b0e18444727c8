"""Laws of the claim on a job: how it is kept, what it learns, and when it ends its process; time is the test's."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import pytest

from jobs.job import ErrorCode, Job, JobStatus
from jobs.settings import LeaseSettings, StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.jobs.conftest import Clock
from tests.integration.valkey import free_port
from tests.integration.worker.alone import CLASS, create_job, settings_alone
from worker.errors import AttemptLost, CancelRequested, WorkerDraining
from worker.lease import EXIT_STALLED, Lease
from worker.noticeboard import NoticeBoard

STALL_S, MIN_HARD_S, PER_ESTIMATE = 300.0, 1800.0, 10.0
SETTINGS = LeaseSettings(stall_timeout_s=STALL_S, min_hard_limit_s=MIN_HARD_S, hard_limit_per_estimate=PER_ESTIMATE)
MakeJob = Callable[..., Job]


class Watch:
    """The claim's clock; and the end of its process, which is an exception here."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def end(self, status: int) -> Never:
        raise ProcessEnded(status)


class ProcessEnded(Exception):
    """Stands for the end of the process; its argument is the exit status."""


@pytest.fixture
def clock(store_settings: StoreSettings) -> Iterator[Clock]:
    hand = Clock(store_settings)
    yield hand
    hand.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def board() -> NoticeBoard:
    return NoticeBoard()


@pytest.fixture
def claim(store: JobStore, store_settings: StoreSettings, tmp_path: Path) -> MakeJob:
    storage = open_storage(settings_alone(store_settings, tmp_path))

    def make(**fields: object) -> Job:
        create_job(store, storage, **fields)
        job = store.claim_next(CLASS, "alone")
        assert job is not None
        return job

    return make


@pytest.fixture
def job(claim: MakeJob) -> Job:
    return claim()


@pytest.fixture
def lease(store: JobStore, job: Job, board: NoticeBoard, watch: Watch) -> Lease:
    return Lease(store, job, SETTINGS, board, watch, watch.end)


@pytest.fixture
def away() -> Iterator[JobStore]:
    """A store that nobody serves."""
    settings = StoreSettings.model_validate({"url": f"redis://127.0.0.1:{free_port()}/0", "retries": 0})
    client = JobStore(settings)
    yield client
    client.close()


def test_a_claim_that_is_kept_does_not_end(store: JobStore, job: Job, lease: Lease, clock: Clock) -> None:
    clock.end_lease(job)
    lease.keep()
    kept = store.reap(lease_s=0)
    clock.end_lease(job)
    left = store.reap(lease_s=0)

    assert kept.requeued == ()
    assert left.requeued == (job.id,)


def test_while_the_block_runs_a_thread_keeps_the_claim(store: JobStore, job: Job, clock: Clock) -> None:
    class Board(NoticeBoard):
        """Tells when it heard of the job for the third time: once at the beginning, then at each renewal."""

        def __init__(self) -> None:
            super().__init__()
            self.num_posts, self.is_third = 0, threading.Event()

        def post(self, **facts: object) -> None:
            self.num_posts += 1
            if self.num_posts == 3:
                self.is_third.set()

    board = Board()
    clock.end_lease(job)
    with Lease(store, job, LeaseSettings(renew_s=0.01), board):
        assert board.is_third.wait(10.0)

    assert store.reap(lease_s=0).requeued == ()
    assert not any(thread.name == "lease" for thread in threading.enumerate())


def test_a_render_that_reports_no_step_for_long_loses_its_job_and_its_process(
    store: JobStore, job: Job, lease: Lease, watch: Watch
) -> None:
    watch.now_s += STALL_S
    lease.keep()
    still_held = store.get(job.id)
    watch.now_s += 1.0

    with pytest.raises(ProcessEnded) as ended:
        lease.keep()

    released = store.get(job.id)
    assert still_held is not None
    assert released is not None
    assert (still_held.status, ended.value.args) == (JobStatus.IN_PROGRESS, (EXIT_STALLED,))
    assert (released.status, released.lost_attempts) == (JobStatus.QUEUED, 1)


def test_each_step_gives_the_whole_time_again(lease: Lease, watch: Watch) -> None:
    for _ in range(10):
        watch.now_s += STALL_S
        lease.note_step()
        lease.keep()

    watch.now_s += STALL_S + 1.0
    with pytest.raises(ProcessEnded):
        lease.keep()


def test_the_last_attempt_that_stalls_fails_the_job_and_says_for_how_long(
    store: JobStore, job: Job, board: NoticeBoard, watch: Watch
) -> None:
    lease = Lease(store, job, SETTINGS.model_copy(update={"max_lost_attempts": 1}), board, watch, watch.end)
    watch.now_s += 432.0

    with pytest.raises(ProcessEnded):
        lease.keep()

    failed = store.get(job.id)
    assert failed is not None
    assert failed.failure is not None
    assert failed.failure.code is ErrorCode.WORKER_LOST
    assert "432 s; the limit is 300 s" in failed.failure.message


@pytest.mark.parametrize(("estimate_s", "limit_s"), [(1.0, MIN_HARD_S), (1000.0, 1000.0 * PER_ESTIMATE), (None, None)])
def test_an_attempt_may_take_as_long_as_its_estimate_allows_even_if_it_reports_steps(
    estimate_s: float | None, limit_s: float | None, claim: MakeJob, store: JobStore, board: NoticeBoard, watch: Watch
) -> None:
    lease = Lease(store, claim(estimate_s=estimate_s), SETTINGS, board, watch, watch.end)
    watch.now_s += limit_s or 1_000_000.0
    lease.note_step()
    lease.keep()
    watch.now_s += 1.0

    if limit_s is None:
        lease.keep()
    else:
        with pytest.raises(ProcessEnded):
            lease.keep()


def test_a_stalled_process_ends_also_without_an_answer_of_the_store(
    away: JobStore, job: Job, board: NoticeBoard, watch: Watch
) -> None:
    lease = Lease(away, job, SETTINGS, board, watch, watch.end)
    watch.now_s += STALL_S + 1.0

    with pytest.raises(ProcessEnded):
        lease.keep()


def test_a_store_that_is_away_stops_no_render(away: JobStore, job: Job, board: NoticeBoard, watch: Watch) -> None:
    lease = Lease(away, job, SETTINGS, board, watch, watch.end)

    lease.keep()

    assert lease.check() is False


def test_a_renewal_learns_of_a_cancel(store: JobStore, job: Job, lease: Lease) -> None:
    store.cancel(job.id)
    unaware = lease.check()
    lease.keep()

    assert unaware is False
    with pytest.raises(CancelRequested):
        lease.check()


def test_a_renewal_learns_that_another_has_the_job(store: JobStore, job: Job, lease: Lease, clock: Clock) -> None:
    clock.end_lease(job)
    store.reap(lease_s=0)
    store.claim_next(CLASS, "another")

    lease.keep()

    with pytest.raises(AttemptLost):
        lease.check()
    assert store.reap(lease_s=0).requeued == ()  # the other's claim stands


def test_a_worker_that_was_asked_to_stop_stops_at_the_next_step(lease: Lease, board: NoticeBoard) -> None:
    board.ask_to_drain()

    with pytest.raises(WorkerDraining):
        lease.check()

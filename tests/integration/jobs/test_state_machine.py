"""The store against a model of it: any sequence of verbs leaves both in the same state, by legal steps only."""

import itertools
import uuid
from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from jobs.job import TRANSITIONS, ErrorCode, Failure, Job, JobStatus, Priority, Progress
from jobs.settings import StoreSettings
from jobs.store import JobStore
from jobs.verbs.lifecycle import Outcome, Results
from tests.integration.jobs.conftest import CLASS, Clock, make_request
from tests.integration.jobs.store_model import MAX_LOST, ModelJob, ModelStore
from tests.integration.valkey import ValkeyServer

TENANTS = ("ada", "bob", "eve")
FAILURE = Failure(ErrorCode.INTERNAL_ERROR, "it broke")
TERMINAL_EVENTS = {"video.completed", "video.failed", "video.cancelled"}


class StoreMachine(RuleBasedStateMachine):
    """Drives both; attempts keep their jobs' ids, so that stale words are said as well."""

    server: ValkeyServer
    jobs = Bundle("jobs")
    attempts = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        settings_ = StoreSettings.model_validate({"url": self.server.url, "key_prefix": f"{uuid.uuid4().hex}:"})
        self.store, self.clock, self.model = JobStore(settings_), Clock(settings_), ModelStore()

    def teardown(self) -> None:
        for job in self.model.jobs.values():
            self.check_history(job)
        self.store.close()
        self.clock.close()

    @rule(target=jobs, tenant=st.sampled_from(TENANTS), priority=st.sampled_from(Priority))
    def create(self, tenant: str, priority: Priority) -> str:
        request = make_request(tenant=tenant, priority=priority, webhook_url="https://example.org/hook")
        assert self.store.create(request).is_new
        self.model.create(request.id, tenant, priority)
        return request.id

    @rule(target=attempts)
    def claim(self) -> object:
        expected, job = self.model.claim(), self.store.claim_next(CLASS, "w")
        if expected is None or job is None:
            assert expected is None
            assert job is None
            return multiple()
        assert (job.id, job.attempt) == (expected.id, expected.attempt)
        return (job.id, job.attempt)

    @rule(attempt=attempts, percent=st.integers(0, 100))
    def progress(self, attempt: tuple[str, int], percent: int) -> None:
        job = self.model.jobs.get(attempt[0])
        is_current = job is not None and job.status is JobStatus.IN_PROGRESS and job.attempt == attempt[1]

        told = self.store.progress(*attempt, Progress(percent, "video_diffusion"))
        renewal = self.store.renew(*attempt)

        assert told == renewal
        assert told.is_current == is_current
        if job is not None and is_current:
            assert told.is_cancel_requested == job.is_cancel_requested
            job.percent = max(job.percent, min(percent, 99))

    @rule(attempt=attempts)
    def finalise(self, attempt: tuple[str, int]) -> None:
        outcome = self.store.finalise(*attempt, Results({"video": f"a{attempt[1]}"}, 2.0, 8.0))
        assert outcome is self.model.word(*attempt, JobStatus.COMPLETED)

    @rule(attempt=attempts)
    def fail(self, attempt: tuple[str, int]) -> None:
        assert self.store.fail(*attempt, FAILURE) is self.model.word(*attempt, JobStatus.FAILED)

    @rule(attempt=attempts)
    def release(self, attempt: tuple[str, int]) -> None:
        assert self.store.release(*attempt) is self.model.word(*attempt, JobStatus.QUEUED)

    @rule(attempt=attempts)
    def acknowledge_cancel(self, attempt: tuple[str, int]) -> None:
        job = self.model.jobs.get(attempt[0])
        outcome = self.store.acknowledge_cancel(*attempt)
        if job is not None and job.status is JobStatus.IN_PROGRESS and not job.is_cancel_requested:
            assert outcome is Outcome.STALE
        else:
            expected = self.model.word(*attempt, JobStatus.CANCELLED)
            assert outcome is expected

    @rule(job_id=jobs)
    def cancel(self, job_id: str) -> None:
        self.model.cancel(job_id)
        assert (self.store.cancel(job_id) is None) == (job_id in self.model.deleted)

    @rule(job_id=consumes(jobs))
    def delete(self, job_id: str) -> None:
        assert self.store.delete(job_id) == self.model.delete(job_id)
        assert not self.store.delete(job_id)

    @rule(attempt=attempts)
    def lose_the_worker(self, attempt: tuple[str, int]) -> None:
        job = self.model.jobs.get(attempt[0])
        if job is None or job.status is not JobStatus.IN_PROGRESS:
            return
        self.model.lose(job)
        self.clock.pass_deadline("leases", job.id)
        reaped = self.store.reap(lease_s=0, max_lost_attempts=MAX_LOST)
        assert (*reaped.requeued, *reaped.failed, *reaped.cancelled) == (job.id,)

    @rule(job_id=jobs)
    def wait_too_long(self, job_id: str) -> None:
        job = self.model.jobs.get(job_id)
        if job is None or job.status is not JobStatus.QUEUED:
            return
        self.model.move(job, JobStatus.FAILED)
        self.clock.pass_deadline("queue-deadlines", job_id)
        assert self.store.sweep().timed_out == (job_id,)

    @rule(job_id=jobs)
    def expire(self, job_id: str) -> None:
        job = self.model.jobs.get(job_id)
        if job is None or job.status is not JobStatus.COMPLETED:
            return
        self.model.move(job, JobStatus.EXPIRED)
        self.clock.pass_deadline("expiring-results", job_id)
        assert self.store.expire().results == (job_id,)

    @invariant()
    def each_job_is_as_the_model_has_it(self) -> None:
        line = self.model.line()
        pages = [self.store.list_jobs(tenant, limit=1000) for tenant in TENANTS]
        jobs = {job.id: job for page in pages for job in page.jobs}
        assert jobs.keys() == self.model.jobs.keys()
        for expected in self.model.jobs.values():
            job = jobs[expected.id]
            assert (job.status, job.attempt) == (expected.status, expected.attempt)
            assert (job.lost_attempts, job.percent) == (expected.lost, expected.percent)
            assert (job.cancel_requested_at_ms is not None) == expected.is_cancel_requested
            assert job.queue_position == (line.index(job.id) + 1 if job.id in line else None)
            check_contract(job)

    @invariant()
    def the_deleted_stay_deleted(self) -> None:
        assert self.store.known_ids(tuple(self.model.deleted)) == frozenset()

    @invariant()
    def the_counts_are_right(self) -> None:
        counts = Counter(job.status.value for job in self.model.jobs.values())
        assert {name: number for name, number in self.store.status_counts().items() if number} == counts
        state = self.store.queue_state(CLASS)
        assert (state.waiting, state.running) == (counts["queued"], counts["in_progress"])

    def check_history(self, expected: ModelJob) -> None:
        """Only legal steps, and one end that was told once."""
        events = self.store.events_after(expected.id, limit=1000)
        told = [event.job.status for event in events]
        steps = [after for before, after in itertools.pairwise([None, *told]) if after is not before]
        assert steps == expected.history
        assert all(after in TRANSITIONS[before] for before, after in itertools.pairwise(steps))
        ends = [event.type for event in events if event.type in TERMINAL_EVENTS]
        deliveries = self.store.list_deliveries(expected.id)
        assert deliveries is not None
        assert [delivery.event_type for delivery in deliveries] == ends
        assert len(ends) == int(expected.status.is_terminal)


def check_contract(job: Job) -> None:
    """The rules under "The video object"."""
    assert (job.failure is not None) == (job.status is JobStatus.FAILED)
    assert (job.percent == 100) == (job.status in (JobStatus.COMPLETED, JobStatus.EXPIRED))
    assert (job.lease_expires_at_ms is not None) == (job.status is JobStatus.IN_PROGRESS)
    assert bool(job.results) == (job.status is JobStatus.COMPLETED)
    if job.results:
        assert job.results == {"video": f"a{job.attempt}"}


def test_the_store_does_what_its_model_does(valkey: ValkeyServer) -> None:
    StoreMachine.server = valkey
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )

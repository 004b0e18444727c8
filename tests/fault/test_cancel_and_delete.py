"""Laws of cancel and delete at any moment, most of all at the very moment of completion: only legal histories."""

import random
import time
from statistics import median

from jobs.job import JobStatus
from tests.fault.fault_service import END_S, FaultService, busy, pause
from tests.fault.figures import Figures
from tests.integration.worker.service import CLASS

PER_COUNT = 5
AROUND_S = 0.05


def usual_job_s(service: FaultService) -> float:
    """Seconds from start to completion of the short job."""
    took_s = []
    for _ in range(3):
        job = service.until_running(service.create(busy(4, 0.05)).id)
        started_at_s = time.monotonic()
        service.until_ended(job.id, END_S)
        took_s.append(time.monotonic() - started_at_s)
    return median(took_s)


def test_a_cancel_at_any_moment_ends_legally_and_leaves_no_result(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    service.keep_crew(1)
    ended = dict.fromkeys(JobStatus, 0)
    times = PER_COUNT * fault_count
    for _ in range(times):
        job = service.create(busy(5, 0.05))
        pause(chance.uniform(0, 0.8))

        service.store.cancel(job.id)
        done = service.until_ended(job.id, END_S)
        service.until_left(done)

        service.assert_legal(job.id)
        ended[done.status] += 1
        assert done.status in (JobStatus.CANCELLED, JobStatus.COMPLETED)
        assert done.status is JobStatus.COMPLETED or not any("/a" in key for key in service.keys(job.id))
    figures.record("cancel at a random moment", times, cancelled=ended["cancelled"], completed=ended["completed"])


def test_a_cancel_beside_completion_is_one_or_the_other(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    service.keep_crew(1)
    usual_s, times = usual_job_s(service), PER_COUNT * fault_count
    ended = dict.fromkeys(JobStatus, 0)
    for _ in range(times):
        job = service.until_running(service.create(busy(4, 0.05)).id)
        pause(usual_s + chance.uniform(-AROUND_S, AROUND_S))

        service.store.cancel(job.id)
        done = service.until_ended(job.id, END_S)
        service.until_left(done)

        ended[service.assert_legal(job.id).status] += 1
        assert done.status is JobStatus.COMPLETED or not any("/a" in key for key in service.keys(job.id))
    figures.record("cancel racing completion", times, cancelled=ended["cancelled"], completed=ended["completed"])


def test_a_delete_beside_completion_leaves_nothing_and_nothing_comes_back(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    service.keep_crew(1)
    service.start_worker("house", wait=False, queue="housekeeping")
    usual_s, times = usual_job_s(service), PER_COUNT * fault_count
    deleted = []
    for _ in range(times):
        job = service.until_running(service.create(busy(4, 0.05)).id)
        pause(usual_s + chance.uniform(-AROUND_S, AROUND_S))

        assert service.store.delete(job.id, lease_s=service.settings.leases.lease_s)
        service.until_left(job)

        assert service.store.get(job.id) is None
        deleted.append(job.id)
    service.until(lambda: not any(service.keys(job_id) for job_id in deleted), END_S)
    assert service.store.known_ids(tuple(deleted)) == frozenset()
    assert service.store.queue_state(CLASS).running == 0
    figures.record("delete racing completion", times, resurrected=0, objects_left=0)

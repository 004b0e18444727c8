"""Laws of lost, stopped and hanging workers: no job is lost, none is done twice."""

import os
import signal

from jobs.job import ErrorCode, JobStatus
from tests.integration.worker.conftest import Make
from tests.integration.worker.service import LEASE_S, Service

SECONDS_2 = {"steps": 20, "step_s": 0.1}


def test_a_killed_pool_child_costs_one_attempt_and_the_same_worker_goes_on(service: Service) -> None:
    service.top_up(1)
    job = service.create(SECONDS_2)
    service.until_step(job.id)
    worker = service.holder_of(job.id)

    os.kill(service.child_of(worker), signal.SIGKILL)
    done = service.until_ended(job.id)

    assert (done.status, done.attempt, done.lost_attempts) == (JobStatus.COMPLETED, 2, 1)
    assert worker.poll() is None


def test_an_input_that_kills_the_child_fails_after_exactly_three_attempts(service: Service) -> None:
    service.top_up(1)
    poison = service.create({"event": "kill"})

    failed = service.until_ended(poison.id, timeout_s=60)
    following = service.until_ended(service.create().id)

    assert failed.failure is not None
    assert failed.failure.code is ErrorCode.WORKER_LOST
    assert service.event_types(poison.id).count("video.started") == 3
    assert following.status is JobStatus.COMPLETED


def test_two_workers_share_a_queue_without_doing_a_job_twice(service: Service) -> None:
    service.top_up(2)

    jobs = [service.create({"steps": 1}) for _ in range(12)]

    assert all(service.until_ended(job.id).status is JobStatus.COMPLETED for job in jobs)
    assert all(service.event_types(job.id).count("video.started") == 1 for job in jobs)


def test_a_worker_that_slept_past_its_lease_changes_nothing_when_it_wakes(service: Service) -> None:
    service.top_up(2)
    job = service.create(SECONDS_2)
    service.until_step(job.id)
    sleeper = service.holder_of(job.id)
    asleep = (sleeper.pid, service.child_of(sleeper))

    for pid in asleep:
        os.kill(pid, signal.SIGSTOP)
    done = service.until_ended(job.id)
    for pid in asleep:
        os.kill(pid, signal.SIGCONT)
    afterwards = [service.create({"steps": 5, "step_s": 0.1}) for _ in range(2)]
    workers = {service.until_ended(each.id).worker for each in afterwards}

    assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)
    assert len(workers) == 2  # both go on, and the sleeper has ended its old attempt
    assert service.job(job.id).version == done.version
    assert not any("/a1/" in key for key in service.keys(job.id))


def test_a_killed_worker_s_job_is_begun_by_another_within_lease_and_15_seconds(service: Service) -> None:
    service.top_up(2)
    job = service.create(SECONDS_2)
    service.until_step(job.id)
    worker = service.holder_of(job.id)
    child = service.child_of(worker)

    worker.kill()
    worker.wait()
    service.until(lambda: service.job(job.id).attempt == 2, timeout_s=LEASE_S + 15)
    done = service.until_ended(job.id)

    assert done.status is JobStatus.COMPLETED
    assert service.holder_of(job.id) is not worker
    assert not os.path.exists(f"/proc/{child}")


def test_sigterm_gives_the_job_back_uncounted_and_ends_with_0(service: Service) -> None:
    service.top_up(1)
    job = service.create({"steps": 100, "step_s": 0.1})
    service.until_step(job.id)
    worker = service.holder_of(job.id)

    worker.terminate()
    status = worker.wait(20)

    released = service.job(job.id)
    assert status == 0
    assert (released.status, released.lost_attempts) == (JobStatus.QUEUED, 0)
    assert service.event_types(job.id)[-1] == "video.requeued"


def test_a_render_that_hangs_ends_its_process_and_is_requeued(make_service: Make) -> None:
    service = make_service(MMGT_LEASES__STALL_TIMEOUT_S="1")
    service.top_up(1)
    worker = service.workers[0]
    child = service.child_of(worker)
    job = service.create({"event": "hang"})

    service.until(lambda: service.job(job.id).attempt == 2)

    assert not os.path.exists(f"/proc/{child}")
    assert service.job(job.id).lost_attempts == 1
    assert worker.poll() is None

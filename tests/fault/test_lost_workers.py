"""Laws of workers that are killed, stopped, put to sleep or poisoned at any moment: nothing is lost or doubled."""

import random
import signal
import time

from jobs.job import ErrorCode, JobStatus
from tests.fault.conftest import Make
from tests.fault.fault_service import END_S, FaultService, busy, pause, send_signal
from tests.fault.figures import Figures, spread
from tests.integration.worker.service import LEASE_S

RECOVERY_S = LEASE_S + 15.0
JOB_S = 1.0


def test_a_job_of_a_killed_worker_is_finished_by_the_other_one(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    waits: list[float] = []
    for _ in range(fault_count):
        service.keep_crew(2)
        job = service.until_running(service.create(busy()).id)
        holder = service.crew_of(job)
        pids = (service.child_of(holder), holder.pid)
        pause(chance.uniform(0, JOB_S))

        with_child = chance.random() < 0.5
        send_signal(signal.SIGKILL, *(pids if with_child else pids[1:]))
        killed_at_s = time.monotonic()
        holder.wait()
        service.until(lambda id=job.id: service.job(id).attempt == 2 or service.job(id).status.is_terminal, RECOVERY_S)
        waits.append(time.monotonic() - killed_at_s)
        service.until_ended(job.id, END_S)

        done = service.assert_legal(job.id)
        assert done.status is JobStatus.COMPLETED
        assert waits[-1] <= RECOVERY_S
    figures.record("kill -9 the worker", fault_count, lost=0, duplicates=0, next_attempt_s=spread(waits))


def test_a_killed_pool_child_is_replaced_and_the_worker_goes_on(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    service.keep_crew(2)
    for _ in range(fault_count):
        job = service.until_running(service.create(busy()).id)
        holder = service.crew_of(job)
        pause(chance.uniform(0, JOB_S))

        send_signal(signal.SIGKILL, service.child_of(holder))
        service.until_ended(job.id, END_S)

        assert service.assert_legal(job.id).status is JobStatus.COMPLETED
        assert holder.poll() is None
    figures.record("kill -9 the pool child", fault_count, lost=0, worker_went_on="always")


def test_a_doorbell_that_rings_many_times_makes_one_result(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    service.keep_crew(2)
    jobs = []
    for _ in range(10 * fault_count):
        jobs.append(service.create(busy(2, 0.02)).id)
        for _ in range(chance.randint(1, 4)):  # one ring is create's own
            service.ring()

    for job_id in jobs:
        done = service.until_ended(job_id, END_S)
        types = service.event_types(job_id)
        assert (done.status, done.attempt) == (JobStatus.COMPLETED, 1)
        assert types.count("video.started") == types.count("video.completed") == 1
        service.assert_legal(job_id)
    figures.record("doorbell 2-5 times to 2 workers", len(jobs), results=len(jobs), completions=len(jobs))


def test_a_worker_that_slept_past_its_lease_is_fenced(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    for _ in range(fault_count):
        service.keep_crew(2)
        job = service.until_running(service.create(busy(20)).id)
        holder = service.crew_of(job)
        asleep = (holder.pid, service.child_of(holder))
        pause(chance.uniform(0, JOB_S))

        send_signal(signal.SIGSTOP, *asleep)
        done = service.until_ended(job.id, END_S)
        send_signal(signal.SIGCONT, *asleep)
        service.until_left(job)

        assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)
        assert service.assert_legal(job.id).version == done.version
        assert not any("/a1/" in key for key in service.keys(job.id))
    figures.record("SIGSTOP past the lease, SIGCONT", fault_count, overwritten=0, left_by_the_loser=0)


def test_an_input_that_kills_its_worker_fails_after_three_attempts_and_harms_no_other(
    service: FaultService, fault_count: int, figures: Figures
) -> None:
    service.keep_crew(2)
    poisons = [service.create({"event": "kill"}).id for _ in range(fault_count)]
    followers = [service.create(busy(1)).id for _ in range(fault_count)]

    for job_id in poisons:
        failed = service.until_ended(job_id, 4 * END_S)
        assert failed.failure is not None
        assert (failed.failure.code, failed.attempt) == (ErrorCode.WORKER_LOST, 3)
        service.assert_legal(job_id)
    for job_id in followers:
        assert service.until_ended(job_id, END_S).status is JobStatus.COMPLETED
    figures.record("poison input", fault_count, attempts_each=3, next_job="completed")


def test_sigterm_gives_the_job_back_uncounted(
    service: FaultService, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    ends: list[float] = []
    for _ in range(fault_count):
        service.keep_crew(2)
        job = service.until_running(service.create(busy(20)).id)
        holder = service.crew_of(job)
        pause(chance.uniform(0, JOB_S))

        holder.terminate()
        asked_at_s = time.monotonic()
        status = holder.wait(END_S)
        ends.append(time.monotonic() - asked_at_s)
        done = service.until_ended(job.id, END_S)

        assert status == 0
        assert (done.status, done.lost_attempts) == (JobStatus.COMPLETED, 0)
        service.assert_legal(job.id)
    figures.record("SIGTERM during a job", fault_count, lost=0, counted=0, exit_status=0, exit_s=spread(ends))


def test_a_render_that_hangs_ends_its_process_and_is_requeued(
    make_service: Make, fault_count: int, figures: Figures
) -> None:
    service = make_service(MMGT_LEASES__STALL_TIMEOUT_S="1")
    service.keep_crew(1)
    for _ in range(fault_count):
        job = service.until_running(service.create({"event": "hang"}).id)
        worker = service.crew_of(job)
        child = service.child_of(worker)

        service.until(lambda id=job.id: service.job(id).attempt >= 2, END_S)

        assert service.child_of(worker) != child
        assert worker.poll() is None
        service.store.cancel(job.id)
        service.until_ended(job.id, END_S)
        service.assert_legal(job.id)
    figures.record("render thread hangs", fault_count, process_ended="always", requeued=fault_count)


def test_a_kill_between_upload_and_last_word_beside_another_render_ends_both_jobs_once(
    make_service: Make, fault_count: int, figures: Figures
) -> None:
    service = make_service()
    room = service.settings.objects_folder / ".unfinished"
    for _ in range(fault_count):
        service.keep_crew(1)
        stored, rendering = service.create(busy(4, 0.2)), service.create(busy(40))
        service.until_running(stored.id)
        room.rmdir()
        room.touch()  # every write fails, and is tried again
        service.until(lambda id=rendering.id: service.job(id).percent > 0, END_S)
        both_run = {service.job(job.id).status for job in (stored, rendering)}

        holder = service.crew_of(service.job(rendering.id))
        send_signal(signal.SIGKILL, service.child_of(holder))
        room.unlink()
        ends = [service.until_ended(job.id, END_S) for job in (stored, rendering)]

        assert both_run == {JobStatus.IN_PROGRESS}
        assert [(job.status, job.attempt) for job in ends] == [(JobStatus.COMPLETED, 2)] * 2
        for job in ends:
            service.assert_legal(job.id)
        assert len({key for job in ends for key in job.results.values()}) == 10
    figures.record("kill -9 with one job stored behind another's render", fault_count, lost=0, duplicates=0)

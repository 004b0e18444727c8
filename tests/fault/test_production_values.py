"""Laws at the leases of production: what short leases prove holds at 30 s too."""

import signal
import time

import pytest

from jobs.job import JobStatus
from tests.fault.conftest import Make
from tests.fault.fault_service import END_S, PRODUCTION, busy, send_signal
from tests.fault.figures import Figures, spread

TIMES, LEASE_S, RECOVERY_S = 3, 30.0, 45.0


@pytest.mark.usefixtures("only_at_length")
def test_killed_and_sleeping_workers_lose_nothing_at_a_lease_of_30_s(make_service: Make, figures: Figures) -> None:
    service = make_service(**PRODUCTION)
    waits: list[float] = []
    for _ in range(TIMES):
        service.keep_crew(4)
        jobs = [service.create(busy(20)).id for _ in range(3)]
        killed, childless, sleeping = (service.until_running(job_id) for job_id in jobs)
        holders = [service.crew_of(job) for job in (killed, childless, sleeping)]
        asleep = (holders[2].pid, service.child_of(holders[2]))

        send_signal(signal.SIGKILL, service.child_of(holders[0]), holders[0].pid, service.child_of(holders[1]))
        send_signal(signal.SIGSTOP, *asleep)
        struck_at_s = time.monotonic()
        service.until(lambda ids=tuple(jobs): all(service.job(job_id).attempt == 2 for job_id in ids), RECOVERY_S)
        waits.append(time.monotonic() - struck_at_s)
        ended = [service.until_ended(job_id, END_S) for job_id in jobs]
        send_signal(signal.SIGCONT, *asleep)
        service.until_left(sleeping)

        assert all(job.status is JobStatus.COMPLETED for job in ended)
        for job in ended:
            assert service.assert_legal(job.id).version == job.version
        assert holders[1].poll() is None
    figures.record("lease 30 s: worker killed, child killed, worker asleep", TIMES, lost=0, all_again_s=spread(waits))

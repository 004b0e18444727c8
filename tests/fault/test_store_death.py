"""Laws of a store that is killed and started again: what it acknowledged is done, running jobs finish."""

import contextlib
import random
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs.errors import StoreUnavailable
from jobs.job import JobStatus
from tests.fault.fault_service import END_S, FaultService, busy, pause
from tests.fault.figures import Figures
from tests.integration.valkey import ValkeyServer


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path, appendfsync="always")
    server.start()
    yield server
    server.stop()


def create_until(service: FaultService, is_over: threading.Event, acknowledged: list[str]) -> None:
    """Make jobs without pause; note each that the store took."""
    while not is_over.wait(0.1):
        with contextlib.suppress(StoreUnavailable):
            acknowledged.append(service.create(busy(2, 0.05)).id)


def test_no_acknowledged_job_is_lost_with_the_store_and_running_ones_finish(
    durable: ValkeyServer, tmp_path: Path, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    num_jobs = 0
    with closing(FaultService(tmp_path / "service", durable.url)) as service:
        service.keep_crew(2)
        for _ in range(fault_count):
            running = service.until_running(service.create(busy(20)).id)
            acknowledged, is_over = [running.id], threading.Event()
            creating = threading.Thread(target=create_until, args=(service, is_over, acknowledged))
            creating.start()
            pause(chance.uniform(0, 1.0))

            durable.kill()
            pause(chance.uniform(0, 0.5))
            durable.start()
            is_over.set()
            creating.join()

            for job_id in acknowledged:
                service.until_ended(job_id, 2 * END_S)
                assert service.assert_legal(job_id).status is JobStatus.COMPLETED
            num_jobs += len(acknowledged)
    figures.record("kill -9 the store", fault_count, acknowledged=num_jobs, lost=0)

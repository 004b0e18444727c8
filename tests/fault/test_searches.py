"""The law of searches: while one tenant searches all it ever made, another is answered as before."""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from tests.fault.api_processes import Replicas, client_of
from tests.fault.conftest import Make
from tests.fault.fault_service import FaultService
from tests.fault.figures import Figures
from tests.integration.api.served import KEYS
from tests.integration.jobs.conftest import Clock

BAR_MS = 50.0
NUM_RECORDS, NUM_READS, SEARCHERS, READ_EVERY_S = 100_000, 1000, 8, 0.02
SEARCH = "/v1/videos?status=queued&metadata[shop]=7"


@pytest.fixture(scope="module")
def service(make_service: Make) -> FaultService:
    return make_service()


@pytest.fixture(scope="module")
def replicas(service: FaultService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    with closing(Replicas(service.env, tmp_path_factory.mktemp("replicas"), 1)) as made:
        yield made


def read_ms(url: str, path: str, tenant: str, times: int) -> list[float]:
    """How long answers took, on one plain connection, each from when it was due."""
    took_ms = []
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=30.0)) as connection:
        started_s = time.monotonic()
        for index in range(times):
            due_s = started_s + index * READ_EVERY_S
            time.sleep(max(0.0, due_s - time.monotonic()))
            connection.request("GET", path, headers={"Authorization": f"Bearer {KEYS[tenant]}"})
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            took_ms.append((time.monotonic() - due_s) * 1000)
    return took_ms


def search_until(url: str, is_over: threading.Event, done: list[int]) -> None:
    with client_of(url) as client:
        while not is_over.is_set():
            answer = client.get(SEARCH)
            answer.raise_for_status()
            done.append(len(answer.json()["data"]))


@pytest.mark.usefixtures("only_at_length")  # the short form counts what a script looks at: tests/integration/jobs
def test_a_neighbour_is_answered_while_a_tenant_searches_a_hundred_thousand_records(
    service: FaultService, replicas: Replicas, figures: Figures
) -> None:
    clock = Clock(service.settings.store)
    clock.copy_job(service.create(tenant="alice", metadata={"shop": "8"}), NUM_RECORDS)
    service.until(clock.is_at_rest)  # the store writes its file anew after so much at once
    clock.close()
    path = f"/v1/videos/{service.create(tenant='bob').id}"
    is_over, done = threading.Event(), list[int]()
    read_ms(replicas.url, path, "bob", 20)

    quiet = read_ms(replicas.url, path, "bob", NUM_READS)
    searchers = [threading.Thread(target=search_until, args=(replicas.url, is_over, done)) for _ in range(SEARCHERS)]
    for searcher in searchers:
        searcher.start()
    service.until(lambda: bool(done))  # making clients takes this process's time, not the service's
    crowded = read_ms(replicas.url, path, "bob", NUM_READS)
    is_over.set()
    for searcher in searchers:
        searcher.join()

    points = [np.round(np.quantile(took_ms, [0.5, 0.99]), 1) for took_ms in (quiet, crowded)]
    quiet_ms, crowded_ms = (f"{p50}/{p99}" for p50, p99 in points)
    fault = f"{SEARCHERS} searches of {NUM_RECORDS} records: a neighbour's reads, p50/p99 ms"
    figures.record(fault, NUM_READS, quiet=quiet_ms, crowded=crowded_ms, searches=len(done))
    assert set(done) == {0}
    assert points[1][1] < BAR_MS

"""Laws of a create whose API process dies or sleeps, or whose store dies: the key soon makes one job, never two."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest
import redis

from jobs.queue import PREFLIGHT_QUEUE
from jobs.verbs.registry import WorkerRecord
from tests.fault.api_processes import TO_REPEAT, InThread, Replicas, client_of, post, submit
from tests.fault.conftest import Make
from tests.fault.fault_service import CLASS, FaultService, pause
from tests.fault.figures import Figures, spread
from tests.integration.valkey import ValkeyServer

BAR_S = 30.0
FACTS = {"id": CLASS, "size": "128x128", "fps": 25, "qualities": ["exact"]}
SCRIPT = {"steps": 1}


@pytest.fixture(scope="module")
def reservation_s(pytestconfig: pytest.Config) -> float:
    """Production's in the long form."""
    return 10.0 if pytestconfig.getoption("fault_count", default=0) else 2.0


def make_known(service: FaultService) -> None:
    """Let a model be known; no worker takes the jobs."""
    service.store.heartbeat(WorkerRecord("away", (f"video.{CLASS}",), True, (FACTS,)))


@pytest.fixture(scope="module")
def service(make_service: Make, reservation_s: float) -> FaultService:
    made = make_service(MMGT_LIMITS__RESERVATION_S=str(reservation_s), MMGT_LIMITS__PREFLIGHT_WAIT_S="3")
    make_known(made)
    return made


@pytest.fixture(scope="module")
def replicas(service: FaultService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    made = Replicas(service.env, tmp_path_factory.mktemp("replicas"), 1)
    yield made
    made.close()


def held_keys(service: FaultService) -> int:
    """How many idempotency keys the store has."""
    with redis.Redis.from_url(service.settings.store.url.get_secret_value()) as client:
        return sum(1 for _ in client.scan_iter(f"{service.settings.store.key_prefix}idempotency:*", count=1000))


def hold(service: FaultService, url: str, key: str) -> InThread:
    """Begin a create that waits for a look at its inputs, which nobody takes; return when it holds its key."""
    before = held_keys(service)
    service.store.heartbeat(WorkerRecord("looks-away", (PREFLIGHT_QUEUE,), True))
    client = client_of(url)
    call = InThread(partial(post, client, key, SCRIPT))
    service.until(lambda: held_keys(service) > before)
    return call


def stop_waiting(service: FaultService) -> None:
    """Let the repeats of a create wait for nobody."""
    service.store.remove_worker("looks-away")


def num_jobs(service: FaultService) -> int:
    return sum(service.store.status_counts().values())


def test_a_key_whose_process_was_killed_over_its_create_makes_its_job_within_the_bar(
    service: FaultService, replicas: Replicas, fault_count: int, figures: Figures, chance: random.Random
) -> None:
    took_s = []
    for turn in range(max(1, fault_count // 2)):
        before = num_jobs(service)
        call = hold(service, replicas.url, f"killed-{turn}")
        pause(chance.uniform(0, 1.0))
        replicas.replace(0)
        killed_at_s = time.monotonic()
        stop_waiting(service)
        assert call.result() is None

        with client_of(replicas.url) as client:
            video_id, _ = submit(client, f"killed-{turn}", SCRIPT)
            took_s.append(time.monotonic() - killed_at_s)
            again, _ = submit(client, f"killed-{turn}", SCRIPT)

        assert again == video_id
        assert num_jobs(service) == before + 1
    figures.record("kill -9 the API over a create: the same key's 202, s", len(took_s), after=spread(took_s), doubled=0)
    assert max(took_s) < BAR_S


def test_a_process_that_slept_over_its_create_makes_no_second_job(
    service: FaultService, replicas: Replicas, tmp_path: Path, fault_count: int, figures: Figures, chance: random.Random
) -> None:
    with closing(Replicas(service.env, tmp_path, 1)) as sleeper, client_of(replicas.url) as client:
        for turn in range(max(1, fault_count // 2)):
            before, key = num_jobs(service), f"slept-{turn}"
            call = hold(service, sleeper.url, key)
            os.kill(sleeper.processes[0].pid, signal.SIGSTOP)
            stop_waiting(service)

            heir, _ = submit(client, key, SCRIPT)
            pause(chance.uniform(0, 0.5))
            os.kill(sleeper.processes[0].pid, signal.SIGCONT)
            late: httpx.Response = call.result()

            assert late.status_code in (202, *TO_REPEAT), late.text  # 503: it slept through its waits for the store
            assert late.status_code in TO_REPEAT or late.json()["id"] == heir
            assert submit(client, key, SCRIPT)[0] == heir
            assert num_jobs(service) == before + 1
    figures.record("SIGSTOP the API over a create, another takes its key", max(1, fault_count // 2), doubled=0)


def test_a_key_whose_store_died_over_its_create_makes_its_job_within_the_bar(
    tmp_path: Path, reservation_s: float, fault_count: int, figures: Figures
) -> None:
    valkey = ValkeyServer(tmp_path, appendfsync="always")
    valkey.start()
    took_s = []
    settings = {"MMGT_LIMITS__RESERVATION_S": str(reservation_s)}
    with closing(FaultService(tmp_path / "service", valkey.url, **settings)) as service:
        make_known(service)
        with closing(Replicas(service.env, tmp_path, 1)) as replicas, client_of(replicas.url) as client:
            for turn in range(max(1, fault_count // 4)):
                call = hold(service, replicas.url, f"store-{turn}")
                valkey.kill()
                valkey.start()
                died_at_s = time.monotonic()
                stop_waiting(service)

                video_id, _ = submit(client, f"store-{turn}", SCRIPT)
                took_s.append(time.monotonic() - died_at_s)
                call.result()

                assert submit(client, f"store-{turn}", SCRIPT)[0] == video_id
            assert num_jobs(service) == len(took_s)
    valkey.stop()
    figures.record(
        "kill -9 the store over a create: the same key's 202, s", len(took_s), after=spread(took_s), doubled=0
    )
    assert max(took_s) < BAR_S

"""The law of load: whatever is killed, clients that repeat as documented get every video, and none twice."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.fault.api_processes import Replicas, client_of, follow_to_its_end, submit
from tests.fault.conftest import Make
from tests.fault.fault_service import FaultService, busy
from tests.fault.figures import Figures, spread

PER_COUNT, SHORT_JOBS, CLIENTS, REPLICAS, WORKERS = 15, 12, 12, 2, 2  # N = 20: 300 videos
KILL_AFTER_S = (0.5, 2.5)


@pytest.fixture(scope="module")
def service(make_service: Make) -> FaultService:
    made = make_service(MMGT_LIMITS__RESERVATION_S="3")
    made.keep_crew(WORKERS)
    return made


@pytest.fixture(scope="module")
def replicas(service: FaultService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    with closing(Replicas(service.env, tmp_path_factory.mktemp("replicas"), REPLICAS)) as made:
        yield made


class Killer(threading.Thread):
    """Does its deed again and again at random moments, until it is stopped."""

    def __init__(self, deed: Callable[[], None], chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._deed, self._chance = deed, chance
        self._is_over = threading.Event()
        self.times = 0
        self.start()

    def run(self) -> None:
        while not self._is_over.wait(self._chance.uniform(*KILL_AFTER_S)):
            self._deed()
            self.times += 1

    def stop(self) -> int:
        self._is_over.set()
        self.join()
        return self.times


def make_video(url: str, key: str) -> tuple[str, str, int, float]:
    """Submit and follow one; return its id, its last status, the tries and the seconds of the submission."""
    with client_of(url) as client:
        began_at_s = time.monotonic()
        video_id, tries = submit(client, key, busy(2, 0.05))
        took_s = time.monotonic() - began_at_s
        return video_id, follow_to_its_end(client, video_id), tries, took_s


def test_clients_that_repeat_get_every_video_and_none_twice(
    service: FaultService, replicas: Replicas, pytestconfig: pytest.Config, figures: Figures, chance: random.Random
) -> None:
    num_jobs = PER_COUNT * int(pytestconfig.getoption("fault_count", default=0) or 0) or SHORT_JOBS

    def kill_worker() -> None:
        service.kill_one_of_the_crew(chance)
        service.keep_crew(WORKERS)

    killers = [
        Killer(each, random.Random(chance.random()))
        for each in (lambda: replicas.replace(chance.randrange(REPLICAS)), kill_worker)
    ]
    with ThreadPoolExecutor(CLIENTS) as threads:
        made = list(threads.map(lambda number: make_video(replicas.url, f"order-{number}"), range(num_jobs)))
    killed_api, killed_workers = (killer.stop() for killer in killers)

    ids, ends, tries, took_s = zip(*made, strict=True)
    doubled = sum(service.store.status_counts().values()) - num_jobs
    figures.record(
        "load with kill -9 of API and workers, the same key again", num_jobs, completed=ends.count("completed"),
        doubled=doubled, killed_api=killed_api, killed_workers=killed_workers,
        sent_again=sum(tries) - num_jobs, submission_s=spread(list(took_s)),
    )  # fmt: skip
    assert ends == ("completed",) * num_jobs
    assert len(set(ids)) == num_jobs
    assert doubled == 0
    for video_id in ids:
        service.assert_legal(video_id)

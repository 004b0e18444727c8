"""Laws of a tenant that crowds preflight or deliveries: a neighbour is looked at, and told, as on a quiet day."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from jobs.job import new_job_id
from jobs.queue import ring_preflight
from tests.fault.conftest import Make
from tests.fault.fault_service import END_S, FaultService
from tests.fault.figures import Figures
from tests.integration.worker.service import ROOT
from tests.unit.media.recordings import encode_film
from tests.unit.worker.receivers import is_silent, receiving, says
from worker.launch import SUPPORT_PROCESSES

SAMPLES = ROOT / "samples"
CROWD, PATIENCE_S = 1000, 600.0
SHORT_S = 5.0  # what a create waits for its look
HANGING = 40


@pytest.fixture(scope="module")
def service(make_service: Make) -> FaultService:
    service = make_service(MMGT_WEBHOOKS__ALLOW_LOOPBACK="true")
    for queue, processes in SUPPORT_PROCESSES.items():
        service.start_worker(queue, queue=queue, processes=processes, wait=False)
    service.until(lambda: any("preflight" in worker.queues for worker in service.store.workers()), 2 * END_S)
    return service


def stored(service: FaultService, **files: Path) -> dict[str, str]:
    """A question about some files."""
    about = {"crop": "auto"}
    for name, path in files.items():
        about[name] = f"videos/{new_job_id()}/inputs/{name}{path.suffix}"
        service.storage.put_file(about[name], path, "application/octet-stream")
    return about


def looked_at_s(service: FaultService, about: dict[str, str]) -> float:
    """Seconds until the neighbour's question is answered."""
    request_id, started_at_s = new_job_id(), time.monotonic()
    service.store.ask_preflight(request_id, "alice", about, END_S)
    ring_preflight(service.send)
    with redis.Redis.from_url(service.settings.store.url.get_secret_value()) as client:
        found = client.blpop([f"{service.settings.store.key_prefix}preflight:{request_id}"], END_S)
    assert found is not None
    assert b'"findings": []' in found[1]
    return time.monotonic() - started_at_s


def told_s(service: FaultService, url: str, num_told: Callable[[], int]) -> float:
    """Seconds until the neighbour's receiver hears of the end of a job."""
    before = num_told()
    job = service.create(webhook_url=url, tenant="alice")
    started_at_s = time.monotonic()
    service.store.cancel(job.id)
    service.until(lambda: num_told() > before, END_S)
    return time.monotonic() - started_at_s


def p50_p99(values_s: list[float]) -> str:
    ordered = sorted(values_s)
    last = len(ordered) - 1
    return "/".join(f"{1000 * ordered[min(last, round(share * len(ordered)))]:.0f}" for share in (0.5, 0.99))


def test_a_thousand_slow_files_of_one_tenant_hold_up_no_other_s(
    service: FaultService, tmp_path: Path, fault_count: int, figures: Figures
) -> None:
    portrait, speech = SAMPLES / "presenters" / "man.png", SAMPLES / "speech.wav"
    film = encode_film(tmp_path / "film.mp4", seconds=60.0, fps=25, size=(640, 480))  # 1500 pictures to look at
    mine = stored(service, image=portrait, audio=speech)
    slow = stored(service, image=portrait, audio=speech, driving_video=film)
    looked_at_s(service, mine)  # the first one warms the disk's cache

    quiet = [looked_at_s(service, mine) for _ in range(fault_count)]
    for _ in range(CROWD):
        service.store.ask_preflight(new_job_id(), "mallory", slow, PATIENCE_S)
    ring_preflight(service.send)
    crowded = [looked_at_s(service, mine) for _ in range(fault_count)]

    figures.record("a thousand slow files of a neighbour before preflight", fault_count, unit="ms, p50/p99",
                   quiet=p50_p99(quiet), crowded=p50_p99(crowded))  # fmt: skip
    assert max(crowded) < max(SHORT_S, 2 * max(quiet))


def test_hanging_receivers_of_one_tenant_hold_up_no_other_s_deliveries(
    service: FaultService, fault_count: int, figures: Figures
) -> None:
    with ExitStack() as stack:
        hanging, quick = (stack.enter_context(receiving(answer)) for answer in (is_silent, says(200)))
        url = f"http://127.0.0.1:{quick.port}/hook"
        quiet = [told_s(service, url, lambda: quick.num_connections) for _ in range(fault_count)]
        for _ in range(HANGING):
            job = service.create(webhook_url=f"http://127.0.0.1:{hanging.port}/hook", tenant="mallory")
            service.store.cancel(job.id)
        service.until(lambda: hanging.num_connections > 0, END_S)
        crowded = [told_s(service, url, lambda: quick.num_connections) for _ in range(fault_count)]

    figures.record("forty hanging receivers of a neighbour", fault_count, unit="ms, p50/p99",
                   quiet=p50_p99(quiet), crowded=p50_p99(crowded))  # fmt: skip
    assert max(crowded) < max(SHORT_S, 2 * max(quiet))

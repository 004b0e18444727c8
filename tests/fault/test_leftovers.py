"""Laws of what is left on disk: whichever process is killed, whenever, only living jobs have files afterwards."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.fault.figures import Figures
from tests.integration.api.creating import files_under

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
SETTINGS = {
    "MMGT_WORKER__SCRIPTED_PIPELINE": "tests.integration.scripted_pipeline",
    "MMGT_RETENTION__HOUSEKEEPING_PERIOD_S": "1",
    "MMGT_RETENTION__ORPHAN_UPLOAD_S": "20",
    "MMGT_LEASES__LEASE_S": "2", "MMGT_LEASES__RENEW_S": "0.5", "MMGT_LEASES__MAX_LOST_ATTEMPTS": "1000",
    "MMGT_RATE_LIMITS__CREATES": "100000/minute", "MMGT_RATE_LIMITS__VALIDATIONS": "100000/minute",
}  # fmt: skip
CLEAN_S = 180.0  # a purge that was taken by a killed process comes again after a minute
NUM_CLIENTS = 3
VALKEY = "valkey-server"


@contextmanager
def serving(data: Path) -> Iterator[tuple[psutil.Popen, str]]:
    """`mmgt serve` and its address."""
    command = [sys.executable, "-m", "deploy", "serve", "--port", "0", "--data", str(data)]
    with (data.parent / "serve.log").open("ab") as log:
        server = psutil.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env={**os.environ, **SETTINGS})
    try:
        line = server.stdout.readline().decode().split()
        assert line[:1] == ["ready"], (data.parent / "serve.log").read_text()[-3000:]
        yield server, line[1]
    finally:
        if server.is_running():
            server.terminate()
            server.wait(60)


def family(server: psutil.Popen) -> list[psutil.Process]:
    """Every process of the service but the store, which has its own row."""
    return [child for child in server.children(recursive=True) if VALKEY not in name_of(child)]


def name_of(process: psutil.Process) -> str:
    """What it is, by its command line."""
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return "gone"
    names = ("valkey-server", "sandbox_server", "-m api", "-Q preflight", "-Q delivery", "-Q housekeeping", "-Q video")
    return next((name.removeprefix("-Q ").removeprefix("-m ") for name in names if name in words), "launcher")


class Clients:
    """Some that create, validate and delete until told to end; what is answered is not their concern."""

    def __init__(self, url: str) -> None:
        self._url, self._is_over = url, threading.Event()
        self.num_accepted = 0
        self._threads = [threading.Thread(target=self._go_on, args=(seed,)) for seed in range(NUM_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, seed: int) -> None:
        chance = random.Random(seed)
        portrait, speech = (SAMPLES / "presenters" / "man.png").read_bytes(), (SAMPLES / "speech.wav").read_bytes()
        with httpx.Client(base_url=self._url, timeout=30.0) as client:
            while not self._is_over.wait(chance.uniform(0, 0.2)):
                files = {"image": ("i.png", portrait), "audio": ("a.wav", speech)}
                try:
                    if chance.random() < 0.4:
                        client.post("/v1/videos/validate", files=files)
                        continue
                    answer = client.post("/v1/videos", files=files)
                    self.num_accepted += answer.status_code == 202
                    if answer.status_code == 202 and chance.random() < 0.5:
                        time.sleep(chance.uniform(0, 1))
                        client.delete(f"/v1/videos/{answer.json()['id']}")
                except httpx.HTTPError:
                    continue


def until_served(url: str) -> None:
    """Wait until the API takes requests, so that the next kill meets some."""
    ends_at_s = time.monotonic() + CLEAN_S
    while time.monotonic() < ends_at_s:
        try:
            httpx.get(f"{url}/livez", timeout=1.0).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(f"{url} did not come back within {CLEAN_S:g} s")


def living(url: str) -> list[str]:
    """Ids of all jobs that have a record."""
    found: list[str] = []
    while True:
        query = {"limit": 100, **({"after": found[-1]} if found else {})}
        page = httpx.get(f"{url}/v1/videos", params=query).json()
        found += [video["id"] for video in page["data"]]
        if not page["has_more"]:
            return found


def left_over(data: Path, ids: list[str]) -> list[str]:
    """Files under `objects/` and `scratch/` that are no living job's."""
    files = [*(f"objects/{name}" for name in files_under(data / "objects")),
             *(f"scratch/{name}" for name in files_under(data / "scratch"))]  # fmt: skip
    return [name for name in files if not any(job_id in name for job_id in ids)]


def until_clean(data: Path, url: str) -> float:
    """Wait until only living jobs have files; give the seconds."""
    started_at_s = time.monotonic()
    while left := left_over(data, living(url)):
        assert time.monotonic() - started_at_s < CLEAN_S, left
        time.sleep(0.2)
    return time.monotonic() - started_at_s


@pytest.mark.usefixtures("only_at_length")
def test_whoever_is_killed_whenever_only_living_jobs_have_files_afterwards(
    tmp_path: Path, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    data, times, killed = tmp_path / "data", round(2.5 * fault_count), Counter[str]()
    with serving(data) as (server, url):
        clients = Clients(url)
        for _ in range(times):
            time.sleep(chance.uniform(0.1, 2.0))
            until_served(url)  # who was lost often comes back after ten seconds only
            doomed = chance.choice(family(server))
            killed[name_of(doomed)] += 1
            doomed.kill()
        clients.end()
        everybody = [server, *server.children(recursive=True)]
        for process in everybody:  # as a power cut does
            with_care(process)
    with serving(data) as (_, url):
        clean_s = until_clean(data, url)
        for video in living(url):
            httpx.delete(f"{url}/v1/videos/{video}").raise_for_status()
        deleted_s = until_clean(data, url)
        left = left_over(data, [])

    assert left == []
    assert clients.num_accepted > 0
    figures.record(
        "any process killed at any moment, then a power cut", times, jobs=clients.num_accepted, leftovers=len(left),
        clean_s=round(clean_s, 1), deleted_s=round(deleted_s, 1),
        killed=" ".join(f"{number}x {name}" for name, number in killed.items()),
    )  # fmt: skip


def with_care(process: psutil.Process) -> None:
    """Kill one that may be gone already."""
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return

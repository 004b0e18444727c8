"""The TypeScript client: its own tests in Node against the running service, its types, and what is published."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.client_types import openapi
from jobs.job import Job
from jobs.queue import PREFLIGHT_QUEUE
from jobs.settings import Settings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from jobs.verbs.registry import WorkerRecord
from tests.integration.api.client.cutting_proxy import CuttingProxy
from tests.integration.api.scripted_preflight import ScriptedPreflight
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp

PACKAGE = Path(__file__).parents[4] / "clients" / "typescript"
ENDS_WITHIN_S = 120.0
LOOKS_EVERY_S = 0.02
ANSWER = {"findings": [], "warnings": [], "seconds": 3.2, "num_frames": 80, "segments": 1}
CUTS = {"cutEvents": (2_500, 0), "cutDownload": (4_000, 200), "cutCreate": (0,)}


class Player(threading.Thread):
    """A worker that does with each job what its metadata says under `play`: finish, fail, or hold until cancelled."""

    def __init__(self, worker: ScriptedWorker) -> None:
        super().__init__(daemon=True)
        self._worker, self._is_ending, self._held = worker, threading.Event(), list[Job]()

    def run(self) -> None:
        while not self._is_ending.wait(LOOKS_EVERY_S):
            self._worker.heartbeat()
            self._worker.store.heartbeat(WorkerRecord("preflight", (PREFLIGHT_QUEUE,), True))
            job = self._worker.store.claim_next(MODEL, "scripted")
            if job is not None:
                self._play(job)
            for held in tuple(self._held):
                now = self._worker.store.get(held.id)
                if now is None or now.cancel_requested_at_ms is not None:
                    self._worker.store.acknowledge_cancel(held.id, held.attempt)
                    self._held.remove(held)

    def _play(self, job: Job) -> None:
        if job.request.metadata.get("play") == "hold":
            self._held.append(job)
            return
        for percent in (20, 60):
            self._worker.tell(job, percent)
        if job.request.metadata.get("play") == "fail":
            self._worker.fail(job)
        else:
            self._worker.finish(job)

    def stop(self) -> None:
        self._is_ending.set()
        self.join(ENDS_WITHIN_S)


@pytest.fixture(scope="module")
def package() -> Path:
    """The package, with what it needs, built."""
    if shutil.which("npm") is None:
        pytest.skip("no Node here")
    if not (PACKAGE / "node_modules").is_dir():
        npm("ci", "--no-audit", "--no-fund")
    npm("run", "build")
    return PACKAGE


def npm(*words: str) -> str:
    done = subprocess.run(
        ["npm", "--silent", *words], cwd=PACKAGE, capture_output=True, text=True, timeout=ENDS_WITHIN_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def environment(
    served: ServedApp, settings: Settings, worker: ScriptedWorker, store: JobStore, storage: ObjectStorage
) -> Iterator[dict[str, str]]:
    """Where the service is, with a worker that plays beside it and proxies that cut."""
    player, preflight = Player(worker), ScriptedPreflight(settings, store, storage, ANSWER)
    worker.heartbeat()
    preflight.start()
    player.start()
    with ExitStack() as stack:
        proxies = {name: stack.enter_context(CuttingProxy(served.url, cuts)) for name, cuts in CUTS.items()}
        places = json.dumps({name: proxy.url for name, proxy in proxies.items()})
        own = {"MMGT_BASE_URL": served.url, "MMGT_API_KEY": KEYS["alice"], "MMGT_TEST_PLACES": places}
        yield os.environ | own
        assert [proxy.cuts for proxy in proxies.values()] == [[], [], []]  # every connection was cut that should be
    player.stop()
    preflight.stop()


def test_its_own_laws_hold(package: Path, environment: dict[str, str], tmp_path: Path) -> None:
    tests = sorted((package / "test" / "out").glob("*.test.js"))
    command = ["node", "--test", "--test-reporter=spec", *map(str, tests)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=ENDS_WITHIN_S)

    assert len(tests) == 2
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    assert "fail 0" in done.stdout
    assert "skipped 0" in done.stdout


def test_its_types_are_those_of_the_service(package: Path, tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(openapi()))
    subprocess.run(
        ["node", "types.mjs", str(tmp_path / "openapi.json"), str(tmp_path / "openapi.ts")],
        cwd=package, check=True, timeout=ENDS_WITHIN_S,
    )  # fmt: skip

    assert (tmp_path / "openapi.ts").read_text() == (package / "src" / "openapi.ts").read_text(), "run: make clients"


def test_what_is_published_is_the_built_client_and_its_licence(package: Path) -> None:
    (packed,) = json.loads(npm("pack", "--dry-run", "--json", "--ignore-scripts"))
    names = {file["path"] for file in packed["files"]}
    sources = {path.stem for path in (package / "src").glob("*.ts")}

    built = {f"dist/{stem}{suffix}" for stem in sources for suffix in (".js", ".d.ts")}
    assert names == {"LICENSE", "README.md", "package.json"} | built
    assert packed["size"] < 40_000
    assert packed["unpackedSize"] < 250_000

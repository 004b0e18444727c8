"""Laws of a client that is interrupted at any moment: it leaves no job that runs unknown to whoever interrupted it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.settings import StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.fault.figures import Figures
from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for

ROOT = Path(__file__).parents[2]
LATEST_S = 0.4
"""After the service saw the first of the upload, or the command was begun: before, amid and after the create."""


@pytest.fixture
def served(store_settings: StoreSettings, tmp_path: Path) -> Iterator[ServedApp]:
    app = ServedApp(settings_for(store_settings, tmp_path))
    app.start()
    yield app
    app.stop()


def test_a_submit_interrupted_at_any_moment_leaves_no_job_running_unknown(
    served: ServedApp, store: JobStore, tmp_path: Path, fault_count: int, chance: random.Random, figures: Figures
) -> None:
    ScriptedWorker(store, open_storage(served.settings)).heartbeat()
    (tmp_path / "i.png").write_bytes(PNG)
    (tmp_path / "a.wav").write_bytes(WAV * 1000)
    environment = {**os.environ, "MMGT_URL": served.url, "MMGT_KEY": KEYS["alice"]}
    words = ["submit", "--image", tmp_path / "i.png", "--audio", tmp_path / "a.wav", "--out", tmp_path / "o.mp4"]
    told, num_jobs = [], 0
    for _ in range(fault_count):
        command = [sys.executable, "-m", "deploy", *words]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        ends_at_s = time.monotonic() + 30
        while len(store.list_jobs("alice", limit=100).jobs) == num_jobs and time.monotonic() < ends_at_s:
            if any(path.is_file() for path in served.settings.scratch_folder.rglob("*")):
                break
            time.sleep(0.002)
        time.sleep(chance.uniform(0, LATEST_S))
        process.send_signal(signal.SIGINT)
        told.append(process.communicate(timeout=60)[1])
        num_jobs = len(store.list_jobs("alice", limit=100).jobs)

    live = [job.id for job in store.list_jobs("alice", limit=100).jobs if not job.status.is_terminal]
    cancelled = sum("is cancelled" in text for text in told)
    unmade = sum("no job was made" in text for text in told)
    figures.record("submit interrupted", fault_count, cancelled=cancelled, before_a_job=unmade, left_running=len(live))
    assert live == []
    assert cancelled + unmade == fault_count
    assert cancelled == num_jobs

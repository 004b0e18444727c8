"""The curl examples of docs/http-api.md and of the quick start run as they stand, in a real shell, on a real server."""

import json
import os
import re
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.job import Job
from jobs.settings import Settings, StoreSettings
from jobs.verbs.lifecycle import Outcome
from tests.integration.api.scripted_worker import MODEL, VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp
from tests.integration.api.test_examples import PNG, WAV
from tests.unit.api.test_documentation import TEXT

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
RENEWAL_S = 3.0
ROOT = Path(__file__).parents[3]
SECTION = re.search(r"### curl\n(.*?)\n### ", TEXT, re.DOTALL)


def commands(text: str) -> list[str]:
    """Each example with its continuation lines."""
    lines = re.sub("^ {4}", "", text, flags=re.MULTILINE).replace("\\\n", "").splitlines()
    return [line for line in lines if line.startswith("curl ")]


@contextmanager
def lease_renewed(worker: ScriptedWorker, job: Job) -> Iterator[None]:
    """A job stays its worker's."""
    is_over = threading.Event()

    def renew() -> None:
        while not is_over.wait(RENEWAL_S):
            worker.store.renew(job.id, job.attempt)

    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        yield
    finally:
        is_over.set()
        renewing.join()


def run_in(folder: Path, command: str, environment: dict[str, str]) -> str:
    """Return what a line typed there says."""
    result = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return result.stdout


@needs_curl
def test_the_quick_starts_lines_make_a_video_without_a_key(
    store_settings: StoreSettings, worker: ScriptedWorker, tmp_path: Path
) -> None:
    app = ServedApp(Settings.model_validate({"store": store_settings, "data": tmp_path, "log": {"level": "ERROR"}}))
    app.start()
    worker.heartbeat()
    (tmp_path / "me.jpg").write_bytes(PNG)
    (tmp_path / "speech.mp3").write_bytes(WAV)
    environment = os.environ | {"MMGT_URL": app.url}
    create, wait, download = commands((ROOT / "docs" / "quick-start.md").read_text())

    environment["ID"] = json.loads(run_in(tmp_path, create, environment))["id"]
    worker.finish(worker.claim())
    waited = json.loads(run_in(tmp_path, wait, environment))
    run_in(tmp_path, download, environment)
    app.stop()

    assert waited["status"] == "completed"
    assert (tmp_path / "me.mp4").read_bytes() == VIDEO


@needs_curl
def test_the_curl_examples_create_wait_follow_and_download(
    served: ServedApp, worker: ScriptedWorker, tmp_path: Path
) -> None:
    worker.heartbeat()
    (tmp_path / "portrait.png").write_bytes(PNG)
    (tmp_path / "speech.wav").write_bytes(WAV)
    uuidgen = tmp_path / "uuidgen"  # not on every machine
    uuidgen.write_text(f"#!/bin/sh\necho {uuid.uuid4()}\n")
    uuidgen.chmod(0o700)
    path = f"{os.environ['PATH']}:{tmp_path}"
    environment = os.environ | {"MMGT_URL": served.url, "MMGT_KEY": KEYS["alice"], "PATH": path}

    def run(command: str) -> str:
        return run_in(tmp_path, command, environment)

    assert SECTION is not None
    create, wait, follow, download = commands(SECTION.group(1))
    environment["ID"] = json.loads(run(create))["id"]
    job = worker.store.claim_next(MODEL, "scripted")
    assert job is not None
    with lease_renewed(worker, job):  # the example waits as long as a lease lasts
        waited = json.loads(run(wait))
        assert worker.finish(job) is Outcome.DONE
    followed = run(follow)
    run(download)

    assert waited["status"] == "in_progress"
    assert "event: video.completed" in followed
    assert (tmp_path / "video.mp4").read_bytes() == VIDEO

"""The curl examples of docs/http-api.md run as they stand, by a real shell, against a real server."""

import json
import os
import re
import shutil
import subprocess
import textwrap
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.job import Job
from jobs.verbs.lifecycle import Outcome
from tests.integration.api.scripted_worker import MODEL, VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp
from tests.integration.api.test_examples import PNG, WAV
from tests.unit.api.test_documentation import TEXT

RENEWAL_S = 3.0
SECTION = re.search(r"### curl\n(.*?)\n### ", TEXT, re.DOTALL)


def commands() -> list[str]:
    """Each example with its continuation lines."""
    assert SECTION is not None
    lines = textwrap.dedent(SECTION.group(1)).replace("\\\n", "").splitlines()
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


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
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
        result = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return result.stdout

    create, wait, follow, download = commands()
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

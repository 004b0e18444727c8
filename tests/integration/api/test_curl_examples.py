"""The curl examples of docs/http-api.md run as they stand, by a real shell, against a real server."""

import json
import os
import re
import shutil
import subprocess
import textwrap
import uuid
from pathlib import Path

import pytest

from tests.integration.api.scripted_worker import MODEL, VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp
from tests.integration.api.test_examples import PNG, WAV
from tests.unit.api.test_documentation import TEXT

SECTION = re.search(r"### curl\n(.*?)\n### ", TEXT, re.DOTALL)


def commands() -> list[str]:
    """Each example with its continuation lines."""
    assert SECTION is not None
    lines = textwrap.dedent(SECTION.group(1)).replace("\\\n", "").splitlines()
    return [line for line in lines if line.startswith("curl ")]


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
    waited = json.loads(run(wait))
    worker.finish(job)
    followed = run(follow)
    run(download)

    assert waited["status"] == "in_progress"
    assert "event: video.completed" in followed
    assert (tmp_path / "video.mp4").read_bytes() == VIDEO

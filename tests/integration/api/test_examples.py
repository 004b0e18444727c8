"""The Python examples of docs/http-api.md run as they stand, against a real server."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.api.scripted_worker import MODEL, VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp
from tests.unit.api.test_documentation import PYTHON

PNG = b"\x89PNG\r\n\x1a\n" + b"portrait" * 100
WAV = b"RIFF\x00\x00\x00\x00WAVE" + bytes(2000)
ENDS_WITHIN_S = 60.0


@pytest.mark.parametrize("source", [PYTHON[0], PYTHON[1]], ids=["httpx", "openai"])
def test_an_example_creates_waits_and_downloads(
    source: str, served: ServedApp, worker: ScriptedWorker, tmp_path: Path
) -> None:
    worker.heartbeat()
    (tmp_path / "portrait.png").write_bytes(PNG)
    (tmp_path / "speech.wav").write_bytes(WAV)
    environment = os.environ | {"MMGT_URL": served.url, "MMGT_KEY": KEYS["alice"]}

    with subprocess.Popen([sys.executable, "-c", source], cwd=tmp_path, env=environment) as example:
        work_one(worker)
        status = example.wait(ENDS_WITHIN_S)

    assert status == 0
    assert (tmp_path / "video.mp4").read_bytes() == VIDEO


def work_one(worker: ScriptedWorker) -> None:
    """Finish the job that the example makes, when it comes."""
    ends_at_s = time.monotonic() + ENDS_WITHIN_S
    while (job := worker.store.claim_next(MODEL, "scripted")) is None:
        assert time.monotonic() < ends_at_s
        time.sleep(0.05)
    worker.finish(job)

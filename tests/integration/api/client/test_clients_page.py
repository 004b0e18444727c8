"""The examples of docs/clients.md run as they stand, against the running service; receivers take what we signed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

import mmgt
from mmgt.client import Videos
from tests.integration.api.client.player import Player
from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_worker import THUMBNAIL, VIDEO
from tests.integration.api.served import KEYS, ServedApp
from tests.integration.valkey import free_port, port_answers
from tests.waiting import comes_true

TEXT = (Path(__file__).parents[4] / "docs" / "clients.md").read_text()
PYTHON, JAVASCRIPT = (re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL) for kind in ("python", "javascript"))
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENDS_WITHIN_S = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "portrait.png").write_bytes(PNG)
    (tmp_path / "speech.wav").write_bytes(WAV)
    return tmp_path


@pytest.fixture
def node_folder(folder: Path, package: Path) -> Path:
    """The same, with the built package where Node looks for one."""
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "mmgt-client").symlink_to(package)
    return folder


def run(command: list[str], folder: Path, served: ServedApp) -> str:
    environment = os.environ | {"MMGT_BASE_URL": served.url, "MMGT_API_KEY": KEYS["alice"]}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=ENDS_WITHIN_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_example_makes_a_video(folder: Path, served: ServedApp, player: Player) -> None:
    shown = run([sys.executable, "-c", PYTHON[0]], folder, served)

    assert shown.splitlines()[-1] == "completed 100"
    assert (folder / "video.mp4").read_bytes() == VIDEO
    assert (folder / "video.jpg").read_bytes() == THUMBNAIL


def test_the_awaited_example_follows_remixes_and_cancels(folder: Path, served: ServedApp, player: Player) -> None:
    shown = run([sys.executable, "-c", PYTHON[1]], folder, served)

    assert shown.splitlines()[-1].endswith("video.completed 100")
    assert (folder / "video.mp4").read_bytes() == VIDEO


def test_the_example_in_javascript_does_the_same(node_folder: Path, served: ServedApp, player: Player) -> None:
    (node_folder / "example.mjs").write_text(JAVASCRIPT[0])
    shown = run(["node", "example.mjs"], node_folder, served)

    assert "completed 100" in shown
    assert shown.splitlines()[-1].endswith("video.completed")
    assert (node_folder / "video.mp4").read_bytes() == VIDEO


@contextmanager
def receiver(command: list[str], folder: Path, port: int) -> Iterator[httpx.Client]:
    environment = os.environ | {"MMGT_WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            assert comes_true(lambda: port_answers(port), ENDS_WITHIN_S)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                yield client
        finally:
            process.kill()


def answers(client: httpx.Client) -> list[int]:
    """What a delivery, one without a signature, and one whose signature has no comma are answered with."""
    body, now = b'{"type":"video.completed","data":{"id":"video_0"}}', datetime.now(UTC)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp()))}
    signatures = (Webhook(SECRET).sign("msg_1", now, body.decode()), "", "v1")
    return [
        client.post("/hooks/video", content=body, headers=headers | {"webhook-signature": signature}).status_code
        for signature in signatures
    ]


def test_the_receiver_in_python_takes_only_what_was_signed(folder: Path) -> None:
    (folder / "receiver.py").write_text(PYTHON[2])
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "receiver:app", "--port", str(port), "--log-level", "error"]

    with receiver(command, folder, port) as client:
        assert answers(client) == [200, 401, 401]


def test_the_receiver_in_javascript_takes_only_what_was_signed(node_folder: Path) -> None:
    (node_folder / "receiver.mjs").write_text(JAVASCRIPT[1])
    port = free_port()

    with receiver(["node", "receiver.mjs"], node_folder, port) as client:
        assert answers(client) == [204, 401, 401]


def test_the_page_names_every_method_and_every_error() -> None:
    methods = [name for name in vars(Videos) if not name.startswith("_")]
    errors = [
        name for name in dir(mmgt) if isinstance(kind := getattr(mmgt, name), type) and issubclass(kind, Exception)
    ]

    assert len(errors) == 12
    assert [name for name in (*methods, *errors) if not re.search(rf"(`|mmgt\.){name}\b", TEXT)] == []

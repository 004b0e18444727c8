"""`mmgt serve` as a user runs it: one line when ready, lost children come back, one Ctrl-C ends all, state stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from tests.unit.media.identities import Recipe

ROOT = Path(__file__).parents[3]
MMGT = (sys.executable, "-m", "deploy")
START_S = 120.0
ENVIRONMENT = {**os.environ, "MMGT_WORKER__SCRIPTED_PIPELINE": "tests.integration.scripted_pipeline"}


@contextmanager
def serving(data: Path) -> Iterator[tuple[psutil.Popen, str]]:
    """A server and its address, from the line that it prints."""
    command = [*MMGT, "serve", "--port", "0", "--data", str(data)]
    with (data.parent / "serve.log").open("ab") as log:
        server = psutil.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env=ENVIRONMENT)
    try:
        line = server.stdout.readline().decode().split()
        assert line[0] == "ready", (data.parent / "serve.log").read_text()[-3000:]
        yield server, line[1]
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(60)


def status(url: str, key: str) -> int:
    try:
        return httpx.get(f"{url}/v1/limits", headers={"Authorization": f"Bearer {key}"}).status_code
    except httpx.TransportError:
        return 0


def make_key(data: Path) -> str:
    command = [*MMGT, "keys", "create", "--tenant", "acme", "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def stop(server: psutil.Popen, number: int) -> tuple[int, list[psutil.Process]]:
    """Send a signal; give the exit status and whoever is left."""
    family = server.children(recursive=True)
    server.send_signal(number)
    exit_status = server.wait(60)
    _, left = psutil.wait_procs(family, timeout=5)
    return exit_status, left


def test_a_served_folder_outlives_its_server_and_a_lost_child_comes_back(tmp_path):
    data = tmp_path / "data"
    with serving(data) as (server, url):
        key = make_key(data)
        assert status(url, key) == 200
        assert status(url, "mmgt_wrong") == 401
        api = next(child for child in server.children() if "--fd" in child.cmdline())
        api.kill()
        ends_at = time.monotonic() + START_S
        while status(url, key) != 200 and time.monotonic() < ends_at:
            time.sleep(0.2)
        after_the_loss = status(url, key)
        first_end = stop(server, signal.SIGINT)

    with serving(data) as (server, url):
        after_a_restart = status(url, key)
        second_end = stop(server, signal.SIGTERM)

    assert after_the_loss == after_a_restart == 200
    assert first_end == second_end == (0, [])


def test_two_servers_cannot_share_a_folder(tmp_path):
    data = tmp_path / "data"
    with serving(data):
        second = subprocess.run(
            [*MMGT, "serve", "--port", "0", "--data", str(data)],
            cwd=ROOT,
            env=ENVIRONMENT,
            capture_output=True,
            timeout=60,
        )

    assert second.returncode == 1
    assert b"Traceback" not in second.stderr
    assert str(data).encode() in second.stderr


def test_an_identity_that_cannot_sign_ends_the_start_with_what_is_wrong(tmp_path):
    folder = Recipe(has_other_key=True).write(tmp_path / "identity")
    files = {
        "MMGT_PROVENANCE__CERTIFICATE_CHAIN_FILE": str(folder / "chain.pem"),
        "MMGT_PROVENANCE__PRIVATE_KEY_FILE": str(folder / "key.pem"),
    }

    ended = subprocess.run(
        [*MMGT, "serve", "--port", "0", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        env={**ENVIRONMENT, **files},
        capture_output=True,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert f"mmgt: {folder / 'key.pem'} is not the key of the first certificate" in ended.stderr.decode()

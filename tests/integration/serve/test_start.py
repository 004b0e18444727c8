"""How `mmgt serve` starts: a port that is taken is named at once, its own stays its own, each process has metrics."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from tests.integration.serve.test_serve import ENVIRONMENT, MMGT, ROOT, serving

PROCESSES = ("api", "preflight", "delivery", "housekeeping", "render-cpu")
AT_ONCE_S = 20.0  # on a busy machine; what is refused needs two seconds of imports


class SaysReady(BaseHTTPRequestHandler):
    """Another MMGT, as far as its answers tell."""

    def do_GET(self) -> None:
        body = b'{"status": "ok", "checks": {}}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests read no log of it."""


@contextmanager
def other_server() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SaysReady)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def start(data, *words, **environment):
    """What a start that fails says, and how it ends."""
    return subprocess.run(
        [*MMGT, "serve", "--data", str(data), *words],
        cwd=ROOT, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, timeout=AT_ONCE_S,
    )  # fmt: skip


def doctor_beside(data, port):
    """What `mmgt doctor` says beside the running service."""
    command = [*MMGT, "doctor", "--data", str(data)]
    environment = {**ENVIRONMENT, "MMGT_PORT": port}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True).stdout


def free_ports(number: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20_000 + os.getpid() % 5_000, 30_000, number):
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise OSError("no ports are free")


def test_a_taken_port_ends_serve_at_once_with_its_number(tmp_path):
    with other_server() as port:
        ended = start(tmp_path / "data", "--port", str(port))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"port {port} of 127.0.0.1" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [("192.0.2.1", "0", "no such address"), ("no-such-host.invalid", "8000", "no-such-host.invalid")],
)
def test_an_address_that_this_machine_has_not_is_named(host, port, reason, tmp_path):
    ended = start(tmp_path / "data", "--host", host, "--port", port)

    assert ended.returncode == 2
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_metrics_port_ends_serve_at_once_with_its_number(tmp_path):
    first = free_ports(4)
    with socket.create_server(("127.0.0.1", first + 1)):
        ended = start(tmp_path / "data", "--port", "0", MMGT_METRICS__PORT=str(first))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"port {first + 1} of 127.0.0.1" in ended.stderr
    assert f"MMGT_METRICS__PORT={first}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_each_process_has_its_metrics_and_the_port_stays_when_the_api_is_killed(tmp_path, monkeypatch):
    first = free_ports(8)
    monkeypatch.setitem(ENVIRONMENT, "MMGT_METRICS__PORT", str(first))
    with serving(tmp_path / "data") as (server, url):
        told = re.findall(rf'"({"|".join(PROCESSES)})": (\d+)', (tmp_path / "serve.log").read_text())
        pages = {name: httpx.get(f"http://127.0.0.1:{port}/metrics").text for name, port in told}
        beside = doctor_beside(tmp_path / "data", url.rsplit(":")[-1])
        api = next(child for child in server.children() if "--fd" in child.cmdline())
        api.send_signal(signal.SIGKILL)
        asked_at_s = time.monotonic()
        answer = httpx.get(f"{url}/livez", timeout=60)  # waits in the parent's queue; nobody else can take the port
        waited_s = time.monotonic() - asked_at_s

    assert "FAIL" not in beside
    assert f"{url.rsplit(':')[-1]} is this service's; {first} is this service's" in beside
    assert dict(told) == {name: str(first + index) for index, name in enumerate(PROCESSES)}
    assert all("mmgt_" in page for page in pages.values())
    assert answer.status_code == 200
    assert waited_s < 60

"""Laws of a start that cannot succeed, or is disturbed: it says why and ends, or it becomes ready all the same."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import torch

from tests.fault.fault_service import END_S, FaultService
from tests.fault.figures import Figures, spread
from tests.integration.serve.test_serve import ENVIRONMENT, MMGT, ROOT
from tests.integration.serve.test_start import free_ports, other_server, start
from tests.integration.worker.service import CLASS

READY_S = 400.0
DISTURBED_S = 12.0  # a start takes about so long; later the API is lost, not disturbed at its start


def test_a_start_on_a_taken_port_ends_with_its_number(tmp_path: Path, fault_count: int, figures: Figures) -> None:
    took_s = []
    with other_server() as port:
        for _ in range(fault_count):
            began_at_s = time.monotonic()
            ended = start(tmp_path / "data", "--port", str(port))
            took_s.append(time.monotonic() - began_at_s)

            assert (ended.returncode, ended.stdout) == (2, "")
            assert str(port) in ended.stderr
    figures.record("port taken at the start", fault_count, named=fault_count, seconds=spread(took_s))


def test_a_worker_whose_metrics_port_is_taken_ends_with_its_number(
    service: FaultService, fault_count: int, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    took_s = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setitem(service.env, "MMGT_METRICS__PORT", port)
        for index in range(fault_count):
            began_at_s = time.monotonic()
            worker = service.start_worker(f"m{index}", wait=False, queue=f"video.{CLASS}")

            assert worker.wait(END_S) == 1
            took_s.append(time.monotonic() - began_at_s)
    told = (service.settings.data / "workers.log").read_text()
    assert told.count(f"port {port} of 127.0.0.1") == fault_count
    figures.record("a worker's metrics port taken", fault_count, named=fault_count, seconds=spread(took_s))


@pytest.mark.usefixtures("only_at_length")
@pytest.mark.skipif(torch.cuda.is_available(), reason="GPU 0 is here and can be opened")
def test_a_gpu_that_is_asked_for_and_absent_is_never_ready_and_named(
    tmp_path: Path, fault_count: int, figures: Figures
) -> None:
    took_s, times = [], max(1, fault_count // 10)
    for index in range(times):
        began_at_s = time.monotonic()
        with serve(tmp_path / str(index), MMGT_GPUS="0", MMGT_WORKER__SCRIPTED_PIPELINE="") as (server, url):
            answers = {status(url, "/readyz") for _ in _until_ended(server)}
        took_s.append(time.monotonic() - began_at_s)

        assert server.returncode == 1
        assert 503 in answers
        assert 200 not in answers
        assert "GPU 0 (MMGT_GPUS or CUDA_VISIBLE_DEVICES) cannot be opened" in log_of(tmp_path / str(index))
    figures.record("GPU asked for and absent", times, ready=0, named=times, seconds=spread(took_s))


@pytest.mark.usefixtures("only_at_length")
@pytest.mark.parametrize("marks", [("--fd", "the API"), ("worker.launch", "the launcher")], ids=["api", "launcher"])
def test_a_start_whose_child_is_killed_becomes_ready_at_its_own_port(
    marks: tuple[str, str], tmp_path: Path, fault_count: int, figures: Figures, chance: random.Random
) -> None:
    word, who = marks
    took_s, times = [], max(1, fault_count // 4)
    for index in range(times):
        began_at_s = time.monotonic()
        with serve(tmp_path / str(index)) as (server, url):
            time.sleep(chance.uniform(0, DISTURBED_S))
            for child in server.children():
                if word in child.cmdline():
                    child.send_signal(signal.SIGKILL)
            line = server.stdout.readline().decode()
            took_s.append(time.monotonic() - began_at_s)

            assert line == f"ready {url}\n"
            assert status(url, "/readyz") in (200, 503)  # killed after all was ready: 503 until it is back
    figures.record(f"{who} killed during the start", times, ready=times, seconds=spread(took_s))


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[tuple[psutil.Popen, str]]:
    """A server that has begun to start, and where it will answer."""
    folder.mkdir()
    port = free_ports(1)
    command = [*MMGT, "serve", "--port", str(port), "--data", str(folder / "data")]
    with (folder / "log").open("wb") as log:
        whole = {name: value for name, value in {**ENVIRONMENT, **environment}.items() if value}
        server = psutil.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env={**os.environ, **whole})
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(60)


def _until_ended(server: psutil.Popen) -> Iterator[None]:
    ends_at_s = time.monotonic() + READY_S
    while server.poll() is None and time.monotonic() < ends_at_s:
        yield
        time.sleep(0.2)


def status(url: str, path: str) -> int:
    try:
        return httpx.get(url + path, timeout=5, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def log_of(folder: Path) -> str:
    return (folder / "log").read_text()

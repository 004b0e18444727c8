"""API replicas as processes that can be killed, and a client that repeats as the documentation says."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from tests.integration.api.creating import WAV
from tests.integration.api.served import KEYS
from tests.integration.scripted_pipeline import SIGNATURE

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_S, GIVES_UP_S = 60.0, 120.0
TO_REPEAT = (409, 429, 503)
WITHOUT_LIMIT = {
    "MMGT_API_KEYS": ",".join(f"{who}:user:{hashlib.sha256(key.encode()).hexdigest()}" for who, key in KEYS.items()),
    "MMGT_RATE_LIMITS__CREATES": "1000000/minute",
    "MMGT_LIMITS__MAX_ACTIVE_JOBS_PER_TENANT": "100000",
    "MMGT_LOG__LEVEL": "ERROR",
}


class Replicas:
    """Processes of `python -m api` that share one listening socket, as behind a load balancer."""

    def __init__(self, env: dict[str, str], folder: Path, number: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._env = {**os.environ, **env, **WITHOUT_LIMIT, "PYTHONPATH": str(ROOT)}
        self._log = (folder / "api.log").open("ab")
        self.processes = [self._start() for _ in range(number)]
        with httpx.Client(base_url=self.url, timeout=STARTS_WITHIN_S) as client:
            client.get("/livez").raise_for_status()

    def replace(self, index: int) -> None:
        """Kill one, as a crash would, and start another in its place."""
        self.processes[index].kill()
        self.processes[index].wait()
        self.processes[index] = self._start()

    def close(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
            process.kill()
            process.wait()
        self._socket.close()
        self._log.close()

    def _start(self) -> "subprocess.Popen[bytes]":
        number = self._socket.fileno()
        command = [sys.executable, "-m", "api", "--fd", str(number)]
        return subprocess.Popen(command, cwd=ROOT, env=self._env, pass_fds=[number], stdout=self._log, stderr=self._log)


def client_of(url: str, tenant: str = "alice") -> httpx.Client:
    """A client that opens a connection for each request: whoever lives answers it."""
    limits = httpx.Limits(max_keepalive_connections=0)
    headers = {"Authorization": f"Bearer {KEYS[tenant]}"}
    return httpx.Client(base_url=url, headers=headers, timeout=30.0, limits=limits, trust_env=False)


def post(client: httpx.Client, key: str, script: dict[str, Any]) -> httpx.Response | None:
    """Send a create once; None where the connection was lost."""
    image = SIGNATURE + json.dumps({**script, "key": key}).encode()
    files = {"image": ("portrait.png", image), "audio": ("speech.wav", WAV)}
    try:
        return client.post("/v1/videos", files=files, headers={"Idempotency-Key": key})
    except httpx.TransportError:
        return None


def submit(client: httpx.Client, key: str, script: dict[str, Any]) -> tuple[str, int]:
    """Create a video as documented: the same key again after `Retry-After`, or a second after a lost connection.

    Returns:
        Its id, and how often the create was sent.
    """
    ends_at_s, tries = time.monotonic() + GIVES_UP_S, 0
    while time.monotonic() < ends_at_s:
        tries += 1
        answer = post(client, key, script)
        if answer is not None and answer.status_code not in TO_REPEAT:
            assert answer.status_code == 202, answer.text
            return answer.json()["id"], tries
        time.sleep(1.0 if answer is None else float(answer.headers["Retry-After"]))
    raise TimeoutError(f"{key} was not taken within {GIVES_UP_S:g} s and {tries} tries")


def follow_to_its_end(client: httpx.Client, video_id: str) -> str:
    """Poll as documented until the video has ended; return its status."""
    ends_at_s = time.monotonic() + GIVES_UP_S
    while time.monotonic() < ends_at_s:
        try:
            answer = client.get(f"/v1/videos/{video_id}")
        except httpx.TransportError:
            time.sleep(1.0)
            continue
        if answer.status_code == 200 and answer.json()["status"] not in ("queued", "in_progress"):
            return answer.json()["status"]
        assert answer.status_code in (200, *TO_REPEAT), answer.text
        time.sleep(float(answer.headers["Retry-After"]))
    raise TimeoutError(f"{video_id} has not ended within {GIVES_UP_S:g} s")


class InThread(threading.Thread):
    """A call under way; `result` waits for it."""

    def __init__(self, call: Any) -> None:
        super().__init__(daemon=True)
        self._call, self._result = call, None
        self.start()

    def run(self) -> None:
        self._result = self._call()

    def result(self) -> Any:
        self.join(GIVES_UP_S)
        assert not self.is_alive()
        return self._result

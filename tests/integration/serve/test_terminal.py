"""`mmgt serve` as somebody at a terminal sees it: a few lines, the address last, nothing of probes and libraries."""

import os
import pty
import re
import select
import subprocess
import time

import httpx

from tests.integration.serve.test_serve import ENVIRONMENT, MMGT, ROOT, START_S

MOST_LINES = 6


class Screen:
    """What a terminal shows so far."""

    def __init__(self, terminal: int) -> None:
        self.terminal, self.shown = terminal, ""

    def read_until(self, shows: str) -> str:
        """All that is shown, once it ends a line that has these words, or once nobody writes any more."""
        ends_at_s = time.monotonic() + START_S
        while not re.search(rf"{re.escape(shows)}.*\n", self.shown) and time.monotonic() < ends_at_s:
            if not select.select([self.terminal], [], [], 0.2)[0]:
                continue
            try:
                self.shown += os.read(self.terminal, 4096).decode()
            except OSError:
                break
        return self.shown


def test_a_terminal_shows_a_few_lines_with_the_address_last_and_then_only_what_clients_ask(tmp_path):
    ours, its = pty.openpty()
    screen = Screen(ours)
    command = [*MMGT, "serve", "--port", "0", "--data", str(tmp_path / "data")]
    server = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=its, stdout=its, stderr=its)
    os.close(its)
    try:
        start = screen.read_until("ready http")
        url = start.split()[-1]
        for path in ("/livez", "/readyz", "/v1/limits"):
            assert httpx.get(url + path).status_code == 200
        after = screen.read_until("/v1/limits").removeprefix(start)
    finally:
        server.terminate()
        screen.read_until("\0")
        status = server.wait(60)
        os.close(ours)

    lines = start.split("\r\n")[:-1]
    assert lines[-1] == f"ready {url}"
    assert len(lines) <= MOST_LINES, start
    assert status == 0
    for word in ("HTTP Request", "celery", "child_started", "Task ", "valkey", '{"'):
        assert word not in start + after, (word, start + after)
    assert "livez" not in after
    assert "readyz" not in after

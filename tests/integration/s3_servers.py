"""Real S3-compatible servers for tests: rclone's, and OpenStack Swift's (see `swift.py`)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import StorageUnavailable
from jobs.s3_storage import S3Storage
from jobs.settings import StorageSettings
from tests.integration.valkey import free_port

START_S = 60.0  # four Python processes may start slowly on a busy machine
ACCESS_KEY, SECRET_KEY = "testaccess", "testsecret"


def s3_settings(endpoint_url: str, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> StorageSettings:
    return StorageSettings.model_validate(
        {
            "kind": "s3",
            "endpoint_url": endpoint_url,
            "public_endpoint_url": endpoint_url,
            "bucket": "videos",
            "access_key": access_key,
            "secret_key": secret_key,
            "multipart_bytes": 5 << 20,  # the smallest part that S3 allows
            "patience_s": 0.5,
        }
    )


def wait_for_bucket(settings: StorageSettings) -> None:
    """Make the bucket as soon as the server answers."""
    storage = S3Storage(settings)
    ends_at = time.monotonic() + START_S
    while True:
        try:
            storage.make_bucket()
            return
        except StorageUnavailable:
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.1)


class RcloneS3:
    """A folder served by rclone's S3; it can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.settings = s3_settings(f"http://127.0.0.1:{self._port}")
        (folder / "objects").mkdir()

    def start(self) -> None:
        """Start it, without waiting for it."""
        command = [
            str(Path(sys.executable).with_name("rclone")), "serve", "s3", "--addr", f"127.0.0.1:{self._port}",
            "--vfs-cache-mode", "off", "--config", str(self._folder / "rclone.conf"), str(self._folder / "objects"),
        ]  # fmt: skip
        environment = {**os.environ, "RCLONE_AUTH_KEY": f'"{ACCESS_KEY},{SECRET_KEY}"'}
        with (self._folder / "rclone.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running_rclone_s3(folder: Path) -> Iterator[RcloneS3]:
    """One that serves one bucket."""
    server = RcloneS3(folder)
    server.start()
    try:
        wait_for_bucket(server.settings)
        yield server
    finally:
        server.kill()


@contextmanager
def rclone_s3(folder: Path) -> Iterator[StorageSettings]:
    """Serve a folder by rclone's S3 with one bucket in it."""
    with running_rclone_s3(folder) as server:
        yield server.settings

"""Laws of an object store that is restarted: whoever waits within its patience notices nothing but the time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.errors import ObjectNotFound, StorageUnavailable
from jobs.s3_storage import S3Storage
from tests.integration.s3_servers import RcloneS3, running_rclone_s3

KEY = "videos/large/a1/video.mp4"
CONTENT = bytes(range(256)) * (20 << 12)  # 20 MiB: more than the buffers between a store and its reader hold
AWAY_S, PATIENCE_S = 2.0, 20.0  # botocore's own tries end after 0.65 s at most


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcloneS3]:
    with running_rclone_s3(tmp_path_factory.mktemp("rclone")) as running:
        yield running


@pytest.fixture
def storage(server: RcloneS3) -> S3Storage:
    return S3Storage(server.settings.model_copy(update={"patience_s": PATIENCE_S}))


@contextmanager
def outage(server: RcloneS3) -> Iterator[None]:
    """Killed when the block begins; it comes back by itself meanwhile."""
    server.kill()
    comes_back = threading.Timer(AWAY_S, server.start)
    comes_back.start()
    yield
    comes_back.join()


def test_a_running_download_goes_on_after_the_store_came_back(server: RcloneS3, storage: S3Storage) -> None:
    storage.put_bytes(KEY, CONTENT, "video/mp4")
    chunks = storage.stream(KEY)
    read = next(chunks)

    with outage(server):
        read += b"".join(chunks)

    assert read == CONTENT


def test_an_object_that_was_replaced_during_an_outage_is_an_error_not_a_mixture(
    server: RcloneS3, storage: S3Storage
) -> None:
    storage.put_bytes(KEY, CONTENT, "video/mp4")
    chunks = storage.stream(KEY)
    next(chunks)

    with outage(server):
        storage.put_bytes(KEY, CONTENT[::-1], "video/mp4")
    with pytest.raises((StorageUnavailable, ObjectNotFound)):
        b"".join(chunks)


WAYS: dict[str, Callable[[S3Storage, Path], object]] = {
    "put_file": lambda storage, path: storage.put_file("videos/w/a.bin", path, "video/mp4"),
    "put_bytes": lambda storage, path: storage.put_bytes("videos/w/b.bin", b"1", "video/mp4"),
    "head": lambda storage, path: storage.head(KEY),
    "fetch_file": lambda storage, path: storage.fetch_file(KEY, path.with_name("back.bin")),
    "copy": lambda storage, path: storage.copy(KEY, "videos/w/c.bin"),
    "list": lambda storage, path: list(storage.list("videos/")),
    "delete": lambda storage, path: storage.delete("videos/w/nothing.bin"),
}


def test_every_call_waits_for_a_store_that_is_restarted(server: RcloneS3, storage: S3Storage, tmp_path: Path) -> None:
    (tmp_path / "in.bin").write_bytes(CONTENT[:6_000_000])  # two parts
    storage.put_bytes(KEY, b"here", "video/mp4")
    failed: dict[str, Exception] = {}

    def call(name: str) -> None:
        try:
            WAYS[name](storage, tmp_path / "in.bin")
        except StorageUnavailable as error:
            failed[name] = error

    calls = [threading.Thread(target=call, args=(name,)) for name in WAYS]
    with outage(server):
        for each in calls:
            each.start()
        for each in calls:
            each.join()

    assert failed == {}
    assert (tmp_path / "back.bin").read_bytes() == b"here"


def test_who_has_no_patience_is_told_at_once(server: RcloneS3) -> None:
    storage = S3Storage(server.settings.model_copy(update={"patience_s": 0.0}))

    with outage(server), pytest.raises(StorageUnavailable):
        storage.head(KEY)


def test_a_refusal_is_told_at_once_however_patient_one_is(server: RcloneS3) -> None:
    stranger = server.settings.model_copy(update={"patience_s": 3600.0, "bucket": "absent"})

    with pytest.raises((StorageUnavailable, ObjectNotFound)):
        S3Storage(stranger).put_bytes(KEY, b"1", "video/mp4")

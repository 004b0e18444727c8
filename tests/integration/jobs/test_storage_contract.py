"""What every form of object storage must do: the local folder, rclone's S3, OpenStack Swift's S3."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import ObjectNotFound, RangeNotSatisfiable, StorageUnavailable
from jobs.local_storage import LocalStorage
from jobs.s3_storage import S3Storage
from jobs.storage import ObjectStorage, delete_prefix
from tests.integration.s3_servers import rclone_s3, s3_settings
from tests.integration.swift import swift_s3
from tests.integration.valkey import free_port

TEXT = b"0123456789" * 100


@pytest.fixture(scope="module", params=["local", "rclone", "swift"])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStorage]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "local":
        yield LocalStorage(folder)
        return
    serve = {"rclone": rclone_s3, "swift": swift_s3}[request.param]
    with serve(folder) as settings:
        yield S3Storage(settings)


def keys(storage: ObjectStorage, prefix: str) -> list[str]:
    return [facts.key for facts in storage.list(prefix)]


def test_what_was_put_is_what_is_read(storage: ObjectStorage, tmp_path: Path) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(TEXT)

    confirmed = storage.put_file("videos/a/inputs/audio.wav", path, "audio/wav")

    assert confirmed.num_bytes == len(TEXT)
    assert b"".join(storage.stream("videos/a/inputs/audio.wav")) == TEXT
    assert storage.head("videos/a/inputs/audio.wav") == confirmed


def test_an_object_in_several_parts_comes_back_whole(storage: ObjectStorage, tmp_path: Path) -> None:
    path, back = tmp_path / "in.bin", tmp_path / "out.bin"
    content = bytes(range(256)) * (11 << 12)  # 11 MiB: two parts of 5 and a rest
    path.write_bytes(content)

    storage.put_file("videos/large/a1/video.mp4", path, "video/mp4")
    storage.fetch_file("videos/large/a1/video.mp4", back)

    assert back.read_bytes() == content


def test_putting_again_replaces_and_changes_the_etag(storage: ObjectStorage) -> None:
    first = storage.put_bytes("videos/again/x.bin", b"old", "application/octet-stream")
    second = storage.put_bytes("videos/again/x.bin", b"newer", "application/octet-stream")

    assert b"".join(storage.stream("videos/again/x.bin")) == b"newer"
    assert first.etag != second.etag


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(0, 0, TEXT[:1]), (10, 19, TEXT[10:20]), (990, None, TEXT[990:]), (995, 5000, TEXT[995:]), (0, None, TEXT)],
)
def test_a_range_is_exactly_its_bytes(storage: ObjectStorage, first: int, last: int | None, expected: bytes) -> None:
    storage.put_bytes("videos/range/x.bin", TEXT, "application/octet-stream")

    assert b"".join(storage.stream("videos/range/x.bin", first, last, chunk_bytes=7)) == expected


def test_a_range_behind_the_end_is_refused_before_the_first_byte(storage: ObjectStorage) -> None:
    storage.put_bytes("videos/range/y.bin", TEXT, "application/octet-stream")

    with pytest.raises(RangeNotSatisfiable, match="byte 1000 of 1000"):
        storage.stream("videos/range/y.bin", len(TEXT))


def test_an_empty_object_is_an_object(storage: ObjectStorage) -> None:
    storage.put_bytes("videos/empty/x.bin", b"", "application/octet-stream")

    facts = storage.head("videos/empty/x.bin")

    assert facts is not None
    assert facts.num_bytes == 0
    assert list(storage.stream("videos/empty/x.bin")) == []


def test_a_missing_object_is_said_to_be_missing_by_every_method(storage: ObjectStorage, tmp_path: Path) -> None:
    assert storage.head("videos/none/x.bin") is None
    with pytest.raises(ObjectNotFound):
        storage.stream("videos/none/x.bin")
    with pytest.raises(ObjectNotFound):
        storage.fetch_file("videos/none/x.bin", tmp_path / "x.bin")
    with pytest.raises(ObjectNotFound):
        storage.copy("videos/none/x.bin", "videos/none/y.bin")


def test_a_failed_fetch_leaves_no_file(storage: ObjectStorage, tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFound):
        storage.fetch_file("videos/none/x.bin", tmp_path / "x.bin")

    assert list(tmp_path.iterdir()) == []


def test_a_copy_outlives_its_source(storage: ObjectStorage) -> None:
    storage.put_bytes("videos/source/x.bin", TEXT, "application/octet-stream")

    storage.copy("videos/source/x.bin", "videos/target/x.bin")
    storage.delete("videos/source/x.bin")

    assert b"".join(storage.stream("videos/target/x.bin")) == TEXT


def test_a_list_has_what_lies_under_the_prefix_in_order(storage: ObjectStorage) -> None:
    for key in ("videos/l1/a2/video.mp4", "videos/l1/a1/video.mp4", "videos/l1/inputs/image.png", "videos/l10/x.bin"):
        storage.put_bytes(key, b"1", "application/octet-stream")

    assert keys(storage, "videos/l1/") == [
        "videos/l1/a1/video.mp4", "videos/l1/a2/video.mp4", "videos/l1/inputs/image.png",
    ]  # fmt: skip
    assert keys(storage, "videos/nobody/") == []


def test_a_list_tells_when_each_object_was_written(storage: ObjectStorage) -> None:
    storage.put_bytes("videos/when/x.bin", TEXT, "application/octet-stream")

    (facts,) = storage.list("videos/when/")

    assert facts.num_bytes == len(TEXT)
    assert abs(facts.modified_at_s - time.time()) < 60


def test_deleting_twice_is_deleting_once(storage: ObjectStorage) -> None:
    storage.put_bytes("videos/twice/x.bin", b"1", "application/octet-stream")

    storage.delete("videos/twice/x.bin")
    storage.delete("videos/twice/x.bin")

    assert storage.head("videos/twice/x.bin") is None


def test_deleting_a_prefix_spares_the_exception_and_the_neighbours(storage: ObjectStorage) -> None:
    for key in ("videos/p/a1/video.mp4", "videos/p/a1/pose.mp4", "videos/p/inputs/image.png", "videos/pp/x.bin"):
        storage.put_bytes(key, b"1", "application/octet-stream")

    deleted = delete_prefix(storage, "videos/p/", "videos/p/inputs/")

    assert deleted == 2
    assert keys(storage, "videos/p") == ["videos/p/inputs/image.png", "videos/pp/x.bin"]


def test_a_signed_url_gives_the_object_to_anybody_and_only_that(storage: ObjectStorage) -> None:
    storage.put_bytes("videos/signed/x.mp4", TEXT, "video/mp4")
    storage.put_bytes("videos/signed/y.mp4", b"not yours", "video/mp4")
    url = storage.presign("videos/signed/x.mp4", 60)
    if url is None:
        assert isinstance(storage, LocalStorage)
        return

    with urllib.request.urlopen(url, timeout=10) as answer:
        body = answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("x.mp4", "y.mp4"), timeout=10)

    assert body == TEXT
    assert refused.value.code == 403


def test_a_store_that_works_passes_its_check(storage: ObjectStorage) -> None:
    storage.check()


def test_a_store_that_nobody_runs_is_unavailable(tmp_path: Path) -> None:
    storage = S3Storage(s3_settings(f"http://127.0.0.1:{free_port()}"))
    (tmp_path / "x.bin").write_bytes(b"1")

    with pytest.raises(StorageUnavailable):
        storage.check()
    with pytest.raises(StorageUnavailable):
        storage.put_file("videos/x/x.bin", tmp_path / "x.bin", "application/octet-stream")
    with pytest.raises(StorageUnavailable):
        storage.head("videos/x/x.bin")


def test_a_bucket_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    with rclone_s3(tmp_path) as settings:
        missing = S3Storage(settings.model_copy(update={"bucket": "other"}))

        with pytest.raises(StorageUnavailable, match="other"):
            missing.check()


def test_a_write_that_nobody_ends_is_removed_and_a_young_one_is_not(storage: ObjectStorage) -> None:
    if isinstance(storage, LocalStorage):
        return  # its writers hold locks: tests/unit/jobs/test_private_folders.py
    where = {"Bucket": storage._bucket, "Key": "videos/half/a1/video.mp4"}
    begun = storage._client.create_multipart_upload(**where)
    storage._client.upload_part(**where, UploadId=begun["UploadId"], PartNumber=1, Body=bytes(5 << 20))

    while_young = storage.remove_unfinished(3600)
    when_old = storage.remove_unfinished(-60)  # as if a minute later: some stores tell seconds only

    assert (while_young, when_old) == (0, 1)
    assert storage.remove_unfinished(-60) == 0

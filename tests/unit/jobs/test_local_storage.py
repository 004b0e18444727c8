"""Laws that only a folder can break: keys that would leave it, writes that stop halfway."""

from pathlib import Path

import pytest

from jobs.errors import StorageUnavailable
from jobs.local_storage import UNFINISHED, LocalStorage
from jobs.storage import delete_prefix


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a/.x", "a\n", "ä", "a\0"]
)
def test_a_key_that_could_leave_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    storage = LocalStorage(tmp_path / "objects")

    with pytest.raises(ValueError, match="not a key"):
        storage.put_bytes(key, b"x", "text/plain")
    with pytest.raises(ValueError, match="not a key"):
        storage.head(key)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put_bytes("a/x.bin", b"old", "text/plain")

    with pytest.raises(StorageUnavailable):
        storage.put_file("a/x.bin", tmp_path / "none.bin", "text/plain")

    assert b"".join(storage.stream("a/x.bin")) == b"old"
    assert list((tmp_path / UNFINISHED).iterdir()) == []


def test_an_unfinished_write_is_not_an_object(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put_bytes("a/x.bin", b"1", "text/plain")
    (tmp_path / UNFINISHED / "half").write_bytes(b"half")

    assert [facts.key for facts in storage.list("")] == ["a/x.bin"]


def test_deleting_the_last_object_leaves_no_folder(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    storage.put_bytes("videos/v/a1/x.bin", b"1", "text/plain")

    delete_prefix(storage, "videos/v/")

    assert [path.name for path in tmp_path.iterdir()] == [UNFINISHED]


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageUnavailable):
        LocalStorage(tmp_path / "file").check()

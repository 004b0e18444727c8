"""Laws of trusted hashes: a file is read once, and again as soon as it may be another one."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmgt_core.checkpoints.file_hashes import file_sha256, trusted_sha256

LONG_AGO_NS = 3_000_000_000


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "network.safetensors"
    path.write_bytes(b"tensors")
    return path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A while after the files were made."""
    passed_ns = time.time_ns() + LONG_AGO_NS
    monkeypatch.setattr(time, "time_ns", lambda: passed_ns)


def spoil(memory: Path) -> None:
    """What is remembered is not the file's hash any more, so that it shows whether it is trusted."""
    for entry in memory.iterdir():
        entry.write_text(entry.read_text().replace(file_sha256_of(entry), "remembered"))


def file_sha256_of(entry: Path) -> str:
    return entry.read_text().split('"sha256": "')[1].split('"')[0]


@pytest.mark.usefixtures("later")
def test_an_untouched_file_is_read_once(weights: Path, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    first = trusted_sha256(weights, memory)
    spoil(memory)

    assert first == file_sha256(weights)
    assert trusted_sha256(weights, memory) == "remembered"


def rewrite(path: Path) -> None:
    path.write_bytes(b"changed")


def rewrite_and_set_back_the_time(path: Path) -> None:
    status = path.stat()
    path.write_bytes(b"changed")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_by_another(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(b"changed")
    other.replace(path)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("change", [rewrite, rewrite_and_set_back_the_time, replace_by_another])
def test_a_file_of_the_same_size_that_was_written_since_is_read_again(
    weights: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    trusted_sha256(weights, tmp_path / "memory")

    change(weights)

    assert trusted_sha256(weights, tmp_path / "memory") == file_sha256(weights)


def test_a_file_that_was_just_written_is_not_remembered_yet(weights: Path, tmp_path: Path) -> None:
    trusted_sha256(weights, tmp_path / "memory")

    assert not (tmp_path / "memory").exists()


@pytest.mark.usefixtures("later")
def test_where_nothing_can_be_remembered_every_call_reads(weights: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "a file"
    nowhere.touch()

    assert trusted_sha256(weights, nowhere) == file_sha256(weights)
    weights.write_bytes(b"changed")
    assert trusted_sha256(weights, nowhere) == file_sha256(weights)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("content", ["", "{", "[]", '{"looks": 1}'])
def test_a_memory_that_is_damaged_is_no_memory(weights: Path, tmp_path: Path, content: str) -> None:
    memory = tmp_path / "memory"
    trusted_sha256(weights, memory)
    for entry in memory.iterdir():
        entry.write_text(content)

    assert trusted_sha256(weights, memory) == file_sha256(weights)

"""Object storage in a local folder, for the embedded default: a write is a temporary file, then a rename."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import ObjectNotFound, RangeNotSatisfiable, StorageUnavailable
from jobs.private_folders import make_private, owned_file, remove_abandoned
from jobs.storage import ObjectFacts

KEY = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")
PREFIX = re.compile(rf"(?:{KEY.pattern}/?)?")
UNFINISHED = ".unfinished"  # inside the folder, so that rename stays within one file system; never a key
_COPY_BYTES = 1 << 20
RENAME_TRIES = 5  # a deletion may take the parent folder away between making it and renaming into it


class LocalStorage:
    """Objects as files under one folder; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_file(self, key: str, path: Path, content_type: str) -> ObjectFacts:
        """Store a file's bytes under a key, whole or not at all."""
        return self._store(key, lambda part: shutil.copyfile(path, part))

    def put_bytes(self, key: str, content: bytes, content_type: str) -> ObjectFacts:
        """Store few bytes under a key, whole or not at all."""
        return self._store(key, lambda part: part.write_bytes(content))

    def head(self, key: str) -> ObjectFacts | None:
        """Return the object's facts; None if there is none."""
        try:
            with _answers(key):
                return _facts(key, self._path(key).stat())
        except ObjectNotFound:
            return None

    def stream(self, key: str, first: int = 0, last: int | None = None, chunk_bytes: int = 65536) -> Iterator[bytes]:
        """Yield the bytes from `first` to `last` inclusive, in chunks."""
        facts = self._existing(key)
        end = last_byte(facts, first, last) + 1
        return _read(key, self._path(key), first, end, chunk_bytes)

    def fetch_file(self, key: str, path: Path) -> None:
        """Copy an object into a new local file."""
        self._existing(key)
        write_new(path, _read(key, self._path(key), 0, None, _COPY_BYTES))

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy an object within the store."""
        self._existing(source_key)
        self._store(target_key, lambda part: shutil.copyfile(self._path(source_key), part))

    def presign(self, key: str, expires_s: int, file_name: str | None = None) -> str | None:
        """Return None: a folder has no URL."""
        return None

    def list(self, prefix: str) -> Iterator[ObjectFacts]:
        """Yield what lies under a prefix, in order of keys."""
        if not PREFIX.fullmatch(prefix):
            raise ValueError(f"not a prefix of keys: {prefix!r}")
        top = self._folder / prefix.rpartition("/")[0]
        keys = (
            Path(folder, name).relative_to(self._folder).as_posix()
            for folder, _, names in os.walk(top)
            for name in names
            if not Path(folder).is_relative_to(self._folder / UNFINISHED)
        )
        for key in sorted(key for key in keys if key.startswith(prefix)):
            facts = self.head(key)
            if facts is not None:
                yield facts

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens if there is none."""
        path = self._path(key)
        with _answers(key):
            path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self._folder:
                break
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone
                break

    def check(self) -> None:
        """Raise StorageUnavailable unless the folder can be written."""
        try:
            with self._part() as part:
                part.write_bytes(b"")
        except OSError as error:
            raise StorageUnavailable(f"{self._folder}: {error.strerror}") from error

    def remove_unfinished(self, older_than_s: float) -> int:
        """Remove what writers that died have left, at once; who still writes is known by a lock."""
        return remove_abandoned((self._folder / UNFINISHED).glob("*"))

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError(f"not a key: {key!r}")
        return self._folder / key

    def _existing(self, key: str) -> ObjectFacts:
        facts = self.head(key)
        if facts is None:
            raise ObjectNotFound(key)
        return facts

    @contextmanager
    def _part(self) -> Iterator[Path]:
        make_private(self._folder)
        with owned_file(make_private(self._folder / UNFINISHED)) as part:
            yield part

    def _store(self, key: str, write: Callable[[Path], object]) -> ObjectFacts:
        path = self._path(key)
        try:
            with self._part() as part:
                write(part)
                _make_durable(part)
                _rename_into(part, path)
                return _facts(key, path.stat())
        except OSError as error:
            raise StorageUnavailable(f"{key}: {self._folder}: {error.strerror}") from error


def last_byte(facts: ObjectFacts, first: int, last: int | None) -> int:
    """Return the number of the last byte of a range, within the object; first - 1 for an empty object.

    Raises:
        RangeNotSatisfiable: `first` lies behind the end.
    """
    if first and first >= facts.num_bytes:
        raise RangeNotSatisfiable(f"byte {first} of {facts.num_bytes}")
    end = facts.num_bytes - 1
    return end if last is None else min(last, end)


def write_new(path: Path, chunks: Iterator[bytes]) -> None:
    """Write what was read from a store into a new local file; no file is left when it fails.

    Raises:
        StorageUnavailable: the disk is full or refuses; or what reading raises.
    """
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageUnavailable(f"{path}: {error.strerror}") from error
        raise


def _read(key: str, path: Path, first: int, end: int | None, chunk_bytes: int) -> Iterator[bytes]:
    with _answers(key), path.open("rb") as file:
        left = (os.fstat(file.fileno()).st_size if end is None else end) - first
        file.seek(first)
        while left > 0 and (chunk := file.read(min(chunk_bytes, left))):
            left -= len(chunk)
            yield chunk


@contextmanager
def _answers(key: str) -> Iterator[None]:
    """Say in our errors what the file system says in its own."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ObjectNotFound(key) from error
    except OSError as error:
        raise StorageUnavailable(f"{key}: {error.strerror}") from error


def _facts(key: str, stat: os.stat_result) -> ObjectFacts:
    return ObjectFacts(key, stat.st_size, f"{stat.st_mtime_ns:x}-{stat.st_size:x}", stat.st_mtime)


def _rename_into(part: Path, path: Path) -> None:
    for tries in range(1, RENAME_TRIES + 1):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.replace(path)
            break
        except FileNotFoundError:
            if tries == RENAME_TRIES:
                raise
    _make_durable(path.parent)


def _make_durable(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Object storage as the service sees it: one protocol; `local_storage.py` and `s3_storage.py` are its two forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ObjectFacts:
    """What is known of an object without reading it.

    Attributes:
        key: its name.
        num_bytes: its size.
        etag: opaque, without quotation marks; changes with the content.
        modified_at_s: seconds since 1970.
    """

    key: str
    num_bytes: int
    etag: str
    modified_at_s: float


class ObjectStorage(Protocol):
    """Where inputs and results live. Every method blocks: the API calls them in threads.

    Keys are relative paths of letters, digits, `_ - . /`, without `..`; they never hold a client's file name.
    Each method raises StorageUnavailable when the store does not answer, refuses or is full, also after retries.
    """

    def put_file(self, key: str, path: Path, content_type: str) -> ObjectFacts:
        """Store a file's bytes under a key, whole or not at all; return what the store confirmed."""
        ...

    def put_bytes(self, key: str, content: bytes, content_type: str) -> ObjectFacts:
        """Store few bytes under a key, whole or not at all."""
        ...

    def head(self, key: str) -> ObjectFacts | None:
        """Return the object's facts; None if there is none."""
        ...

    def stream(self, key: str, first: int = 0, last: int | None = None, chunk_bytes: int = 65536) -> Iterator[bytes]:
        """Yield the bytes from `first` to `last` inclusive (None: the end), in chunks; close it to stop early.

        Raises (before the first chunk):
            ObjectNotFound, RangeNotSatisfiable
        """
        ...

    def fetch_file(self, key: str, path: Path) -> None:
        """Copy an object into a new local file.

        Raises:
            ObjectNotFound
        """
        ...

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy an object within the store.

        Raises:
            ObjectNotFound
        """
        ...

    def presign(self, key: str, expires_s: int, file_name: str | None = None) -> str | None:
        """Return a URL that gives the object to whoever has it, for a while; None where the store cannot.

        Args:
            file_name: suggested to the browser.
        """
        ...

    def list(self, prefix: str) -> Iterator[ObjectFacts]:
        """Yield what lies under a prefix, in order of keys."""
        ...

    def delete(self, key: str) -> None:
        """Delete an object; nothing happens if there is none."""
        ...

    def remove_unfinished(self, older_than_s: float) -> int:
        """Remove what writers that died have left: bytes under no key yet; return how many writes that were.

        Args:
            older_than_s: writes of an age at which none can go on any more, where it cannot be known better.
        """
        ...

    def check(self) -> None:
        """Raise StorageUnavailable unless the store answers and the bucket exists."""
        ...


def delete_prefix(storage: ObjectStorage, prefix: str, *kept: str) -> int:
    """Delete everything under a prefix, but what lies under any of `kept`; return how many objects.

    Raises:
        StorageUnavailable
    """
    doomed = [facts.key for facts in storage.list(prefix) if not facts.key.startswith(kept)]
    for key in doomed:
        storage.delete(key)
    return len(doomed)

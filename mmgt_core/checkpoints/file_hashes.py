"""SHA-256 of weights files: computed once, and trusted afterwards for as long as the file looks untouched.

What it looked like is kept in the user's cache, a small file for each path. `docs/checkpoints.md` says what that does
not see.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

_SETTLED_NS = 2_000_000_000
"""A file changed as lately as this may change again within the same tick of its clock: it is not remembered yet."""


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def trusted_sha256(path: Path, memory: Path | None = None) -> str:
    """The same, remembered from an earlier call if size, times and inode are still what they were.

    Args:
        memory: folder of what is remembered; None is the user's cache. Where it cannot be written, every call reads.

    Raises:
        OSError: the file cannot be read.
    """
    folder = memory or user_cache_path("mmgt", appauthor=False) / "hashes"
    where = path.resolve()
    entry = folder / f"{hashlib.sha256(os.fsencode(where)).hexdigest()}.json"
    looks = _looks_of(where)
    with suppress(OSError, ValueError, KeyError, TypeError):
        remembered = json.loads(entry.read_text())
        if remembered["looks"] == looks:
            return str(remembered["sha256"])
    found = file_sha256(where)
    is_settled = time.time_ns() - max(looks["changed_ns"], looks["modified_ns"]) > _SETTLED_NS
    if is_settled and _looks_of(where) == looks:  # else it was written meanwhile
        with suppress(OSError):
            _remember(entry, {"path": str(where), "looks": looks, "sha256": found})
    return found


def _looks_of(path: Path) -> dict[str, int]:
    status = path.stat()
    return {
        "size_bytes": status.st_size,
        "modified_ns": status.st_mtime_ns,
        "changed_ns": status.st_ctime_ns,
        "inode": status.st_ino,
        "device": status.st_dev,
    }


def _remember(entry: Path, content: dict[str, object]) -> None:
    """Written whole or not at all, for this user only."""
    entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = entry.with_suffix(f".{os.getpid()}.part")
    unfinished.write_text(json.dumps(content) + "\n")
    unfinished.chmod(0o600)
    unfinished.replace(entry)

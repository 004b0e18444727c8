"""Files and folders of one process alone: for its user only, and locked by the kernel for as long as it lives.

What nobody holds locked was left by a process that died, in this container or another, and is removed by whoever looks.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.logging import logger

log = logger(__name__)

_OTHERS = 0o077


def make_private(folder: Path) -> Path:
    """Make a folder, or take what stands there; nobody but this user may look into it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & _OTHERS:
        try:
            folder.chmod(0o700)
        except PermissionError as error:  # a mounted volume may belong to somebody else
            log.warning("folder_not_private", folder=str(folder), error=str(error))
    return folder


class OwnedFolder:
    """A new folder under a shared one; locked until `close`, or until this process and its children have ended."""

    def __init__(self, parent: Path, name: str) -> None:
        """Args: name: what its name begins with; the rest is drawn."""
        make_private(parent)
        while True:
            self.path = parent / f"{name}.{uuid.uuid4().hex}"
            self.path.mkdir(mode=0o700)
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            if _is_still(self.path, self._lock):
                return
            os.close(self._lock)  # somebody who removes what is abandoned came between the lines

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@contextmanager
def owned_file(folder: Path) -> Iterator[Path]:
    """A new file for as long as the block runs; unless it was moved away by then, it is removed."""
    while True:
        path = folder / uuid.uuid4().hex
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_still(path, lock):
            break
        os.close(lock)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def if_abandoned(path: Path) -> Iterator[bool]:
    """Say whether nobody alive owns a file or folder; if so, it is this process's while the block runs."""
    try:
        lock = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield _is_still(path, lock)
    finally:
        os.close(lock)


def remove_abandoned(folder: Path, name: str = "") -> int:
    """Remove what dead processes have left in a folder; return how many files and folders.

    Args:
        name: what their names begin with.
    """
    num_removed = 0
    for path in folder.glob(f"{name}*") if folder.is_dir() else ():
        with if_abandoned(path) as is_abandoned:
            if is_abandoned:
                remove(path)
                num_removed += 1
    if num_removed:
        log.info("leftovers_removed", folder=str(folder), items=num_removed)
    return num_removed


def remove(path: Path) -> None:
    """Remove a file or a folder, whatever is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_still(path: Path, opened: int) -> bool:
    """Whether what was opened still has its name."""
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(opened))

"""Files and folders of one process alone: for its user only, and locked by the kernel for as long as it lives.

What nobody holds locked was left by a process that died, in this container or another, and is removed by whoever looks.
"""

import fcntl
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from jobs.logging import logger

log = logger(__name__)

_OTHERS = 0o077


def make_private(folder: Path) -> Path:
    """Make a folder, or take what stands there; nobody but this user may look into it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = folder.stat().st_mode
    if mode & stat.S_ISVTX:  # everybody's, as /tmp is; what is made in it is private
        return folder
    if mode & _OTHERS:
        try:
            folder.chmod(0o700)
        except PermissionError as error:  # a mounted volume may belong to somebody else
            log.warning("folder_not_private", folder=str(folder), error=str(error))
    return folder


class OwnedFolder:
    """A folder that is locked until `close`, or until this process and its children have ended."""

    def __init__(self, path: Path, lock: int) -> None:
        """Args: path: of the folder. lock: the file descriptor that holds it."""
        self.path, self._lock = path, lock

    @classmethod
    def new(cls, parent: Path, name: str) -> "OwnedFolder":
        """Make one; its name begins with `name`, the rest is drawn."""
        make_private(parent)
        while True:
            path = parent / f"{name}.{uuid.uuid4().hex}"
            path.mkdir(mode=0o700)
            owned = cls.take(path)
            if owned is not None:  # else somebody who removes what is abandoned came between the lines
                return owned

    @classmethod
    def take(cls, path: Path) -> "OwnedFolder | None":
        """Own one that stands there; None when somebody else does, or it is gone."""
        lock = _lock(path)
        return None if lock is None else cls(path, lock)

    def close(self, keep: bool = False) -> None:
        """Give it up, and remove it unless it is to be found by the next owner."""
        if not keep:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


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


def remove_abandoned(paths: Iterable[Path]) -> int:
    """Remove files and folders that nobody alive owns; return how many."""
    num_removed = 0
    for path in paths:
        lock = _lock(path)
        if lock is not None:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            os.close(lock)
            num_removed += 1
    return num_removed


def _lock(path: Path) -> int | None:
    """Hold a file or folder locked; None when somebody else does, when it is gone, or when it is another user's."""
    try:
        opened = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        return None
    if _is_still(path, opened):
        return opened
    os.close(opened)
    return None


def _is_still(path: Path, opened: int) -> bool:
    """Whether what was opened still has its name."""
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(opened))

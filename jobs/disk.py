"""Free disk: compared before something large is written, so that a full disk refuses work instead of breaking it."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import StorageUnavailable

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MEGA = 1_000_000


def need_room(folder: Path, num_bytes: int, reserve_bytes: int) -> None:
    """Compare what is free on a folder's disk with what is to be written there.

    Args:
        reserve_bytes: what must be free after it.

    Raises:
        StorageUnavailable: it does not suffice; names the folder and the numbers.
    """
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free_bytes = shutil.disk_usage(existing).free
    if free_bytes < num_bytes + reserve_bytes:
        needed = f"{num_bytes / _MEGA:.1f} MB are needed, and {reserve_bytes / _MEGA:g} MB are kept in reserve"
        raise StorageUnavailable(f"{folder}: {free_bytes / _MEGA:.1f} MB are free; {needed}")


def as_storage_error(error: Exception) -> Exception:
    """Return what a full disk is to the service: a storage that may have room later; any other error as it is."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageUnavailable(f"{error.filename or 'the disk'}: {error.strerror}")
    return error


@contextmanager
def full_disk_is_an_outage() -> Iterator[None]:
    """Raise StorageUnavailable where the system says that the disk is full."""
    try:
        yield
    except OSError as error:
        told = as_storage_error(error)
        if told is error:
            raise
        raise told from error

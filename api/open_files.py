"""Open files: a connection is one, so their limit is raised as far as it goes, and says how many clients may come."""

import resource
from contextlib import suppress

WANTED_FILES = 65_536


def raise_limit() -> int:
    """Raise this process's limit of open files as far as the system lets it; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS names a higher limit than it grants
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return _limit()


def num_connections() -> int:
    """Return how many clients may be connected: a quarter of the files is left for the store, uploads and downloads."""
    return _limit() * 3 // 4


def num_waits() -> int:
    """Return how many of those clients may wait at a time: half, so that who asks something finds a connection."""
    return num_connections() // 2


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WANTED_FILES if soft == resource.RLIM_INFINITY else soft

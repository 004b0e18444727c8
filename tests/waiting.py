"""Waiting for what comes true at a time that nothing tells."""

import time
from collections.abc import Callable

SOON_S = 10.0
ASKED_EVERY_S = 0.02


def comes_true(is_so: Callable[[], object], within_s: float = SOON_S) -> bool:
    """Ask until it is so; whoever asked once more afterwards could be told something else."""
    ends_at_s = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > ends_at_s:
            return False
        time.sleep(ASKED_EVERY_S)
    return True

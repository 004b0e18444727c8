"""Ask again when something is away for a while."""

import time
from collections.abc import Callable
from typing import TypeVar

from jobs.logging import logger

log = logger(__name__)

T = TypeVar("T")

_FIRST_WAIT_S, _MAX_WAIT_S = 0.25, 30.0


def patiently(act: Callable[[], T], away: type[Exception], attempts: int, may_go_on: Callable[[], object]) -> T:
    """Do something, and again after growing waits while it raises `away`; the last time that error is raised.

    Args:
        attempts: how often altogether.
        may_go_on: called before each wait; raises to stop.
    """
    wait_s = _FIRST_WAIT_S
    for _ in range(attempts - 1):
        try:
            return act()
        except away as error:
            log.warning("try_again", error=str(error), wait_s=wait_s)
        may_go_on()
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, _MAX_WAIT_S)
    return act()

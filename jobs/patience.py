"""Ask again while something is away: patience is a number of seconds, whatever a single try takes."""

import time
from collections.abc import Callable
from typing import TypeVar

from jobs.logging import logger

log = logger(__name__)

T = TypeVar("T")

_FIRST_WAIT_S, _MAX_WAIT_S = 0.25, 2.0


class Patience:
    """One outage after another: each may last so many seconds, with growing waits between the tries."""

    def __init__(self, seconds: float, may_go_on: Callable[[], object] = lambda: None) -> None:
        """Args: may_go_on: called before each wait; raises to stop."""
        self._seconds, self._may_go_on = seconds, may_go_on
        self.renew()

    def renew(self) -> None:
        """It answered: the next outage is a new one."""
        self._ends_at_s: float | None = None
        self._wait_s = _FIRST_WAIT_S

    def wait(self, error: Exception) -> None:
        """Wait before the next try.

        Raises:
            The error: it has been away for too long.
        """
        now_s = time.monotonic()
        self._ends_at_s = now_s + self._seconds if self._ends_at_s is None else self._ends_at_s
        left_s = self._ends_at_s - now_s
        if left_s <= 0:
            raise error
        wait_s = min(self._wait_s, left_s)
        log.warning("try_again", error=str(error), wait_s=wait_s)
        self._may_go_on()
        time.sleep(wait_s)
        self._wait_s = min(2 * self._wait_s, _MAX_WAIT_S)


def patiently(
    act: Callable[[], T], away: type[Exception], patience_s: float, may_go_on: Callable[[], object] = lambda: None
) -> T:
    """Do something, and again while it raises `away`; after `patience_s` of that the last error is raised.

    Args:
        may_go_on: called before each wait; raises to stop.
    """
    patience = Patience(patience_s, may_go_on)
    while True:
        try:
            return act()
        except away as error:
            patience.wait(error)

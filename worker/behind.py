"""The last job's results, signed and stored while the device renders the next one.

That job's claim goes on being renewed until its last word; at most one is behind, and a second one waits for it.
"""

import threading
from collections.abc import Callable
from contextvars import Context
from typing import NoReturn

from jobs.logging import logger

log = logger(__name__)

_ASK_S = 0.2
EXIT_LOST_ITS_WAY = 73
"""What is behind answers its own errors; whatever else is raised there would leave a job without a word."""


class Behind:
    """One piece of work in a thread of its own."""

    def __init__(self, end_process: Callable[[int], NoReturn]) -> None:
        """Args: end_process: where the work raised; leases end by themselves then."""
        self._end_process = end_process
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], None]) -> None:
        """Do it there; whoever begins has waited for what was begun before."""
        self._thread = threading.Thread(target=lambda: Context().run(self._do, work), name="behind")
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether something is."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self, may_go_on: Callable[[], object] = lambda: None) -> None:
        """Wait until nothing is behind. Args: may_go_on: asked meanwhile; raises to stop waiting."""
        while self._thread is not None and self._thread.is_alive():
            may_go_on()
            self._thread.join(_ASK_S)

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException:
            log.exception("storing_broke")
            self._end_process(EXIT_LOST_ITS_WAY)

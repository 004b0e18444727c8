"""Lines of the log as tests read them: of every module, also of one whose logger earlier tests set up otherwise."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from structlog.testing import capture_logs
from structlog.typing import EventDict

from jobs.logging import OURS, logger


@contextmanager
def every_line() -> Iterator[list[EventDict]]:
    """Collect what is logged until the block is left.

    A logger keeps the configuration of its first use, and what collects lines changes the present one alone: so each
    module gets a logger that has not been used.
    """
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] in OURS and hasattr(module, "log"):
            module.log = logger(name)
    with capture_logs() as lines:
        yield lines

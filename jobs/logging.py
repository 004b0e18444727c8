"""Logs: facts in the past tense with keys, one line each, as JSON or for the eye; no payloads, no secrets."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor

from jobs.settings import LogSettings

_EXCEPTIONS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
"""Without the values of variables: secrets and signed addresses are among them."""


OURS = ("__main__", "api", "deploy", "jobs", "mmgt_core", "worker")
"""Libraries tell the same facts in their own words; of them only warnings and errors are logged."""
_OF_THE_START = frozenset(
    {
        "api_started",
        "canary_passed",
        "child_started",
        "child_stopped",
        "identity_tried",
        "metrics_ports_given",
        "metrics_served",
        "workers_launched",
    }
)
"""Not for the eye: who watches a terminal is told of the start in a few lines by the command itself."""


def is_for_the_eye(settings: LogSettings) -> bool:
    """Whether somebody reads along: a terminal, unless the settings say otherwise."""
    return settings.form == "console" or (settings.form == "auto" and sys.stderr.isatty())


def form_of(settings: LogSettings) -> dict[str, str]:
    """Return the variable that makes child processes, whose output is a pipe, log in this process's form."""
    return {"MMGT_LOG__FORM": "console" if is_for_the_eye(settings) else "json"}


def configure_logging(settings: LogSettings) -> None:
    """Send structlog's and the standard library's lines to stderr in one form."""
    for_the_eye = is_for_the_eye(settings)
    times = structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_the_eye else "iso", utc=not for_the_eye)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        *([] if for_the_eye else [structlog.stdlib.add_logger_name]),
        times,
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            *([_drop_the_start] if for_the_eye else []),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    tail = _tail(for_the_eye=for_the_eye)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, logging.getLevelName(settings.level)))
    for name in OURS:
        logging.getLogger(name).setLevel(settings.level)


def _tail(*, for_the_eye: bool) -> list[Processor]:
    if not for_the_eye:
        return [_EXCEPTIONS, structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, pad_level=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
    ]  # fmt: skip


def _drop_the_start(logger: object, method: str, event: EventDict) -> EventDict:
    if event.get("event") in _OF_THE_START:
        raise structlog.DropEvent
    return event


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module; `logger(__name__).info("job_claimed", job_id=…, attempt=1)`."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound

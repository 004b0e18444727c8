"""Laws of the log: one JSON object per line, ours and the libraries' alike."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from jobs.logging import configure_logging, logger
from jobs.settings import LogSettings


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_every_line_is_a_json_object_with_its_facts_as_keys(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings())
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logger("worker.render").info("job_claimed", job_id="video_1", attempt=1)
    logging.getLogger("celery").warning("a library says %s", "so")
    try:
        raise ValueError("7 is too many")
    except ValueError:
        logger("api").exception("request_failed")

    ours, library, failed = map(json.loads, capsys.readouterr().err.splitlines())

    assert ours.items() >= {"event": "job_claimed", "job_id": "video_1", "attempt": 1, "request_id": "r1"}.items()
    assert (ours["level"], ours["logger"]) == ("info", "worker.render")
    assert (library["event"], library["level"]) == ("a library says so", "warning")
    assert failed["exception"][0]["exc_value"] == "7 is too many"


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(level="WARNING", form="console"))
    logger("worker").info("too_detailed")
    logger("worker").warning("worth_saying", attempt=2)

    written = capsys.readouterr().err

    assert "too_detailed" not in written
    assert "worth_saying" in written

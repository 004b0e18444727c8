import json
import logging

import pytest

from jobs.logging import configure_logging, logger
from jobs.settings import LogSettings


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_is_logged_without_the_values_of_variables(form, capsys):
    configure_logging(LogSettings(form=form))
    secret = "whsec_" + "never-shown"

    try:
        raise ValueError(f"{len(secret)} letters")
    except ValueError:
        logger("tests").exception("something_failed", attempt=1)

    line = capsys.readouterr().err
    assert form != "json" or json.loads(line)["attempt"] == 1
    assert "ValueError" in line
    assert secret not in line


def test_where_nobody_watches_lines_are_json_and_libraries_tell_only_what_is_wrong(capsys):
    configure_logging(LogSettings())
    logging.getLogger("httpx").info("HTTP Request: GET /readyz")
    logging.getLogger("celery.worker").warning("connection lost")
    logger("worker.render").info("job_claimed", attempt=1)
    logger("jobs.processes").info("child_started", child="api")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["connection lost", "job_claimed", "child_started"]


def test_for_the_eye_jobs_are_told_and_the_start_is_not(capsys):
    configure_logging(LogSettings(form="console"))
    logger("worker.render").info("job_claimed", attempt=1)
    logger("jobs.processes").info("child_started", child="api")
    logger("jobs.processes").warning("child_lost", child="api")

    told = capsys.readouterr().err
    assert "job_claimed" in told
    assert "child_lost" in told
    assert "child_started" not in told

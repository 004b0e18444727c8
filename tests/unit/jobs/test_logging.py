import json

from jobs.logging import configure_logging, logger
from jobs.settings import LogSettings


def test_an_exception_is_logged_without_the_values_of_variables(capsys):
    configure_logging(LogSettings(form="json"))
    secret = "whsec_" + "never-shown"

    try:
        raise ValueError(f"{len(secret)} letters")
    except ValueError:
        logger("tests").exception("something_failed", attempt=1)

    line = capsys.readouterr().err
    assert json.loads(line)["attempt"] == 1
    assert "ValueError" in line
    assert secret not in line

"""Laws of the one table of errors."""

import pytest
from openai.types import ErrorObject

from api.error_handlers import JOBS_ERRORS, PROBLEMS, problem_answer, problem_body, refusal_of
from api.errors import Finding, RequestRefused, invalid_fields
from jobs.errors import JobsError, QuotaExceeded, StoreUnavailable

STATUSES = {400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 416, 422, 429, 431, 500, 503}


def test_every_row_has_a_status_of_the_contract() -> None:
    assert {row.status for row in PROBLEMS.values()} == STATUSES


def test_every_jobs_error_in_the_table_leads_to_a_row() -> None:
    assert all(issubclass(kind, JobsError) and code in PROBLEMS for kind, code in JOBS_ERRORS.items())


def test_a_code_without_a_row_is_a_422_titled_after_itself() -> None:
    body = problem_body("audio_too_long", "612.0 s", (Finding("audio_too_long", "612.0 s", "audio"),), "https://x/")

    assert (body["status"], body["title"]) == (422, "Audio too long")
    assert body["type"] == "https://x/audio-too-long"
    assert body["errors"] == [{"pointer": "/audio", "code": "audio_too_long", "detail": "612.0 s"}]


def test_the_openai_object_is_what_its_sdk_reads() -> None:
    refused = invalid_fields((Finding("invalid_value", "seed: no", "seed"), Finding("unknown_field", "b: no", "b")))

    body = problem_body(refused.code, refused.detail, refused.findings, "https://x/")

    read = ErrorObject.model_validate(body["error"])
    assert (read.code, read.param, read.message) == ("invalid_value", "seed", "seed: no; b: no")


def test_a_pointer_is_escaped() -> None:
    assert Finding("invalid_value", "", "metadata[a/b~c]").pointer == "/metadata[a~1b~0c]"


def test_an_unexpected_error_tells_the_client_nothing_of_itself() -> None:
    refused = refusal_of(KeyError("secret"))

    assert refused.code == "internal_error"
    assert "secret" not in refused.detail


def test_an_outage_tells_when_to_come_again_and_not_where_the_store_is() -> None:
    answer = problem_answer(refusal_of(StoreUnavailable("redis://:password@10.0.0.7")), "https://x/")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert b"password" not in answer.body


def test_a_quota_is_told_with_its_numbers() -> None:
    answer = problem_answer(refusal_of(QuotaExceeded(7, 7)), "https://x/")

    assert answer.status_code == 429
    assert b"7 jobs are queued or running; the limit is 7" in answer.body


@pytest.mark.parametrize("code", ["missing_api_key", "invalid_api_key"])
def test_a_401_says_how_to_authenticate(code: str) -> None:
    answer = problem_answer(RequestRefused(code, "no"), "https://x/")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="mmgt"')

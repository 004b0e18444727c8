"""Laws of trying again: what passes is asked again when the service says, with the same key; what does not is told."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from mmgt.errors import InvalidRequest, NotFound, Refused, TryLater, Unauthorised, UnexpectedAnswer, Unreachable
from mmgt.patience import FIRST_PAUSE_S, LONGEST_PAUSE_S, Patience, ask, backoff_s, retry_after_s
from mmgt.steps import Call, Flow, Send, Sleep
from mmgt.videos import create
from tests.unit.client.walking import BROKEN, answer, call_of

PROBLEM = {
    "detail": "seed is -1", "errors": [{"pointer": "/seed", "code": "invalid_value", "detail": "seed is -1"}],
    "error": {"code": "invalid_value", "param": "seed"},
}  # fmt: skip
GET = Call("GET", "/v1/videos/video_1")


def asking(max_retries: int = 4) -> Flow[Any]:
    return Flow(ask(Patience(max_retries), GET))


@pytest.mark.parametrize("status", [409, 429, 502, 503, 504])
def test_who_is_told_when_comes_again_then(status: int) -> None:
    flow = asking()
    flow.next()

    assert flow.next(answer(status, PROBLEM, retry_after="7")) == Sleep(7.0)
    assert flow.next() == Send(GET)
    assert flow.next(answer(200, {"id": 1})) is None
    assert flow.result.json() == {"id": 1}


def test_a_lost_connection_is_tried_again_after_pauses_that_grow() -> None:
    flow, pauses = asking(), []
    flow.next()
    for _ in range(4):
        step = flow.next(failure=BROKEN)
        assert isinstance(step, Sleep)
        pauses.append(step.seconds)
        assert flow.next() == Send(GET)

    with pytest.raises(Unreachable, match="connection reset"):
        flow.next(failure=BROKEN)
    assert all(0.5 <= pause / (FIRST_PAUSE_S * 2**k) <= 1 for k, pause in enumerate(pauses))


def test_no_pause_is_longer_than_eight_seconds_and_a_crowd_is_spread() -> None:
    pauses = {backoff_s(failures) for failures in (*range(1, 40), *[1000] * 40)}

    assert max(pauses) <= LONGEST_PAUSE_S
    assert len(pauses) > 70


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, InvalidRequest), (401, Unauthorised), (403, Unauthorised), (404, NotFound), (409, TryLater),
     (410, NotFound), (413, InvalidRequest), (415, InvalidRequest), (422, InvalidRequest), (500, Refused)],
)  # fmt: skip
def test_what_does_not_pass_is_told_at_once_with_all_that_is_known(status: int, kind: type[Refused]) -> None:
    flow = asking()
    flow.next()

    with pytest.raises(Refused) as told:
        flow.next(answer(status, PROBLEM, x_request_id="req_1"))

    error = told.value
    assert type(error) is kind
    assert (error.status, error.code, error.param, error.request_id) == (status, "invalid_value", "seed", "req_1")
    assert (error.message, error.findings) == ("seed is -1", PROBLEM["errors"])
    assert str(error) == f"seed is -1 (HTTP {status} invalid_value, request req_1)"


def test_who_should_wait_longer_than_two_minutes_is_told_instead() -> None:
    flow = asking()
    flow.next()

    with pytest.raises(TryLater) as told:
        flow.next(answer(429, PROBLEM, retry_after="121"))
    assert told.value.retry_after_s == 121.0


def test_without_retries_the_first_failure_is_told() -> None:
    flow = asking(max_retries=0)
    flow.next()

    with pytest.raises(TryLater):
        flow.next(answer(503, PROBLEM, retry_after="1"))


@pytest.mark.parametrize(("content", "status"), [("[1]", 200), ("<html>", 200), ("<html>", 404), ("", 302)])
def test_an_answer_that_is_no_services_is_told_with_its_address_but_no_password(content: str, status: int) -> None:
    flow = Flow(create(Patience(), image=b"x"))
    flow.next()
    request = httpx.Request("POST", "http://me:secret@there/v1/videos")

    with pytest.raises(UnexpectedAnswer) as told:
        flow.next(httpx.Response(status, text=content, request=request))
    assert (told.value.status, "secret" in str(told.value), "there/v1/videos" in str(told.value)) == (
        status,
        False,
        True,
    )


def test_a_proxy_that_says_later_in_html_is_asked_again() -> None:
    flow = asking()
    flow.next()

    response = httpx.Response(
        503, text="<html>", headers={"retry-after": "3"}, request=httpx.Request("GET", "http://a")
    )
    assert flow.next(response) == Sleep(3.0)


def test_a_create_keeps_its_key_over_its_tries_and_the_next_one_has_another() -> None:
    flow = Flow(create(Patience(), image=b"x"))
    keys = [call_of(flow.next()).headers["Idempotency-Key"]]
    for _ in range(3):
        flow.next(failure=BROKEN)
        keys.append(call_of(flow.next()).headers["Idempotency-Key"])
    other = call_of(Flow(create(Patience(), image=b"x")).next()).headers["Idempotency-Key"]

    assert len(set(keys)) == 1
    assert other not in keys
    assert call_of(Flow(create(Patience(), image=b"x", idempotency_key="mine")).next()).headers == {
        "Idempotency-Key": "mine"
    }


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert retry_after_s({"retry-after": "15"}) == 15.0
    assert 55 < (retry_after_s({"retry-after": soon}) or 0) <= 60
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert [retry_after_s({"retry-after": text}) for text in ("", "soon", "-1", "1.5", "²")] == [None] * 5
    assert retry_after_s({}) is None

"""Laws of following a video step by step: behind the last event that came, as long as anything comes, to the last."""

from typing import Any

import httpx
import pytest

from mmgt.errors import NotFound, UnexpectedAnswer, Unreachable
from mmgt.events import events
from mmgt.patience import Patience
from mmgt.steps import Flow, Sleep, Tell
from tests.unit.client.walking import BROKEN, answer, call_of, event, stream, video

DONE = video(status="completed", progress=100)


def following(**options: Any) -> Flow[None]:
    return Flow(events(Patience(), "video_1", **options))


def last_id_of(step: Any) -> str | None:
    return call_of(step).headers.get("Last-Event-ID")


def test_what_breaks_goes_on_behind_the_last_event_that_came() -> None:
    flow = following(last_event_id="1-0")
    asked = [last_id_of(flow.next())]
    flow.next(stream())
    told = flow.next(event(2, video()) + event(3, video(progress=5)))
    assert isinstance(told, Tell)
    assert isinstance(flow.next(), Tell)
    flow.next()
    assert isinstance(flow.next(failure=BROKEN), Sleep)
    asked.append(last_id_of(flow.next()))

    assert (told.value.id, told.value.type, told.value.video) == ("2-0", "video.progress", video())
    assert asked == ["1-0", "3-0"]


def test_as_long_as_anything_comes_it_is_followed() -> None:
    flow = following()
    for _ in range(20):
        flow.next()
        flow.next(stream())
        flow.next(b": ping\r\n\r\n")
        assert isinstance(flow.next(failure=BROKEN), Sleep)


def test_where_nothing_comes_any_more_it_is_given_up() -> None:
    flow = following()
    for _ in range(4):
        flow.next()
        flow.next(stream())
        assert isinstance(flow.next(None), Sleep)  # it ended whole, as a server does that stops
    flow.next()
    flow.next(stream())

    with pytest.raises(Unreachable, match="ended before the last"):
        flow.next(None)


def test_it_ends_with_the_last_event_and_where_all_are_had() -> None:
    flow = following()
    flow.next()
    flow.next(stream())
    assert isinstance(flow.next(event(1, DONE)), Tell)
    flow.next()
    assert flow.next(None) is None

    again = following(last_event_id="1-0")
    again.next()
    assert again.next(httpx.Response(204)) is None


def test_what_is_no_stream_and_what_is_gone_are_told() -> None:
    page, gone = following(), following()
    page.next()
    gone.next()

    with pytest.raises(UnexpectedAnswer):
        page.next(answer(200, {"login": "first"}))
    with pytest.raises(NotFound):
        gone.next(answer(404, {"detail": "there is no video video_1", "error": {"code": "video_not_found"}}))

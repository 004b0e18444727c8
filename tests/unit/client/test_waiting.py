"""Laws of waiting: by events where they come, by asking where not; told forwards only; no longer than wanted."""

from typing import Any

import httpx
import pytest

from mmgt.errors import NotCompleted, NotFound, WaitTimedOut
from mmgt.patience import Patience
from mmgt.steps import Chunk, Flow, Open, Send, Sleep
from mmgt.waiting import STREAMS_TRIED, wait
from tests.unit.client.walking import BROKEN, answer, call_of, event, stream, video

RUNNING = video(status="in_progress", progress=30)
DONE = video(status="completed", progress=100)
REFUSED = {"detail": "too many", "error": {"code": "waits_exceeded", "param": None}}


class Waiting:
    """A wait under way, and what was told of it."""

    def __init__(self, **options: Any) -> None:
        self.told: list[int] = []
        tell = lambda each: self.told.append(each["progress"])  # noqa: E731
        self.flow = Flow(wait(Patience(), "video_1", on_progress=tell, **options))
        self.step = self.flow.next()

    def hear(self, said: object) -> None:
        self.step = self.flow.next(said)

    def hear_of(self, status: int = 200, content: object = None, **headers: str) -> None:
        assert isinstance(self.step, Send)
        self.hear(answer(status, content, **headers))

    def break_off(self) -> None:
        self.step = self.flow.next(failure=BROKEN)


def test_a_video_that_has_ended_needs_no_stream_and_is_told() -> None:
    waiting = Waiting()
    waiting.hear_of(200, DONE)

    assert waiting.step is None
    assert waiting.flow.result == DONE
    assert waiting.told == [100]


def test_each_event_is_told_and_the_record_has_the_last_word() -> None:
    waiting = Waiting()
    waiting.hear_of(200, video())
    assert isinstance(waiting.step, Open)
    assert "Last-Event-ID" not in call_of(waiting.step).headers
    waiting.hear(stream())
    for chunk in (event(1, video()), b": ping\r\n\r\n", event(2, RUNNING) + event(3, DONE)):
        assert waiting.step == Chunk()
        waiting.hear(chunk)
    waiting.hear(None)
    waiting.hear_of(200, DONE | {"seed": 9})

    assert waiting.flow.result["seed"] == 9
    assert waiting.told == [0, 30, 100, 100]


def test_a_stream_that_broke_goes_on_behind_the_last_event_at_once() -> None:
    waiting = Waiting()
    waiting.hear_of(200, video())
    waiting.hear(stream())
    waiting.hear(event(5, RUNNING))
    waiting.break_off()
    waiting.hear_of(200, RUNNING)

    assert isinstance(waiting.step, Open)
    assert call_of(waiting.step).headers["Last-Event-ID"] == "5-0"
    assert waiting.told == [30]


def test_where_no_stream_comes_the_service_is_asked_as_often_as_it_says() -> None:
    waiting = Waiting()
    waiting.hear_of(200, video(), retry_after="4")
    for _ in range(STREAMS_TRIED):
        assert isinstance(waiting.step, Open)
        waiting.hear(answer(429, REFUSED))
        assert waiting.step == Sleep(4.0)
        waiting.hear(None)
        waiting.hear_of(200, RUNNING, retry_after="4")
    for _ in range(3):
        assert waiting.step == Sleep(4.0)
        waiting.hear(None)
        waiting.hear_of(200, RUNNING, retry_after="4")
    waiting.hear(None)
    waiting.hear_of(200, DONE)

    assert waiting.flow.result == DONE
    assert waiting.told == [30, 100]


def test_a_silent_proxy_is_given_up_and_nothing_is_told_backwards() -> None:
    waiting = Waiting()
    waiting.hear_of(200, RUNNING, retry_after="1")
    waiting.hear(stream())
    waiting.break_off()
    waiting.hear(None)
    waiting.hear_of(200, RUNNING, retry_after="1")
    waiting.hear(stream())
    for number, each in enumerate((video(), video(progress=10), RUNNING, video(status="in_progress", progress=60))):
        waiting.hear(event(number, each))

    assert waiting.told == [30, 60]


def test_a_new_attempt_is_forwards() -> None:
    waiting = Waiting()
    waiting.hear_of(200, RUNNING)
    waiting.hear(stream())
    waiting.hear(event(1, RUNNING) + event(2, video(attempt=2)))

    assert waiting.told == [30, 0]


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired"])
def test_a_video_without_a_file_is_an_error_that_has_it(status: str) -> None:
    why = {"code": "gpu_fault", "message": "it broke", "param": None, "retryable": True}
    ended = video(status=status, error=why if status == "failed" else None)
    waiting = Waiting()

    with pytest.raises(NotCompleted) as told:
        waiting.hear_of(200, ended)
    assert told.value.video == ended
    assert (told.value.code, told.value.retryable) == (("gpu_fault", True) if status == "failed" else (None, False))
    assert str(told.value) == f"video_1 ended as {status}" + (": it broke" if status == "failed" else "")


def test_a_video_that_was_deleted_meanwhile_is_not_found() -> None:
    waiting = Waiting()
    waiting.hear_of(200, video())
    waiting.hear(stream())
    waiting.hear(None)
    waiting.hear(None)

    with pytest.raises(NotFound):
        waiting.hear_of(404, REFUSED)


def test_no_sleep_and_no_silence_outlasts_what_the_caller_waits() -> None:
    waiting = Waiting(timeout_s=3.0)
    waiting.hear_of(200, RUNNING, retry_after="15")
    assert 0 < (call_of(waiting.step).read_s or 99) <= 3.0
    waiting.step = waiting.flow.next(failure=httpx.ReadTimeout("silent"))

    assert isinstance(waiting.step, Sleep)
    assert waiting.step.seconds <= 3.0


def test_signs_of_life_do_not_keep_anybody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("mmgt.waiting.time.monotonic", lambda: now[0])
    waiting = Waiting(timeout_s=60.0)
    waiting.hear_of(200, RUNNING)
    waiting.hear(stream())
    waiting.hear(b": ping\r\n\r\n")
    now[0] += 61

    with pytest.raises(WaitTimedOut):
        waiting.hear(b": ping\r\n\r\n")


def test_who_waits_no_longer_is_told_how_far_it_is() -> None:
    waiting = Waiting(timeout_s=0.0)

    with pytest.raises(WaitTimedOut, match="video_1 is still in_progress at 30 %") as told:
        waiting.hear_of(200, RUNNING)
    assert isinstance(told.value, TimeoutError)
    assert told.value.video == RUNNING

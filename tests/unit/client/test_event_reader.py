"""Laws of reading server-sent events: however the bytes are cut, the events are those that were sent."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgt.events import Event, EventReader

PROMPT = "two\u2028lines\u0085and\x0c\x1d more é"  # JSON keeps these as they are; only CR and LF end a line here


def told(number: int, line_end: str = "\r\n", prompt: str = PROMPT) -> str:
    data = json.dumps({"id": "video_1", "prompt": prompt}, ensure_ascii=False)
    return line_end.join([f"id: {number}-0", "event: video.progress", f"data: {data}", "", ""])


def read(chunks: list[bytes]) -> list[Event]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_separators_of_unicode_end_no_line(line_end: str) -> None:
    text = told(1, line_end) + told(2, line_end) + ":"

    assert [(event.id, event.type, event.video["prompt"]) for event in read([text.encode()])] == [
        ("1-0", "video.progress", PROMPT), ("2-0", "video.progress", PROMPT),
    ]  # fmt: skip


@given(cuts=st.lists(st.integers(0, 400), max_size=12), line_end=st.sampled_from(["\r\n", "\n"]))
@settings(max_examples=200, derandomize=True, deadline=None, database=None)
def test_chunks_may_end_anywhere(cuts: list[int], line_end: str) -> None:
    whole = (told(1, line_end) + f": ping{line_end}{line_end}" + told(2, line_end)).encode()
    ends = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]

    chunks = [whole[first:last] for first, last in pairwise(ends)]

    assert read(chunks) == read([whole])
    assert [event.id for event in read(chunks)] == ["1-0", "2-0"]


def test_a_line_end_may_be_cut_between_its_letters_and_a_type_is_of_one_event() -> None:
    events = read([b"data: {}\r", b"\nid: 1-0\r\nevent: video.created\r\n\r\n", b"id: 2-0\r\ndata: {}\r\n\r\n"])

    assert [(event.id, event.type) for event in events] == [("1-0", "video.created"), ("2-0", "message")]


def test_an_event_that_is_not_whole_is_not_told_and_comments_are_nothing() -> None:
    assert read([b": ping\r\n\r\n", b'id: 1-0\r\ndata: {"a":1}\r\n']) == []


def test_data_over_several_lines_is_one_and_the_id_stays() -> None:
    events = read([b'id: 7-0\ndata: {"a":\ndata: 1}\n\ndata:{}\n\n'])

    assert [(event.id, event.type, event.video) for event in events] == [
        ("7-0", "message", {"a": 1}),
        ("7-0", "message", {}),
    ]

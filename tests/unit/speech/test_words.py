"""Laws of words in time: none is lost, none goes back, each begins at the synthesiser's own event if it has one."""

from itertools import pairwise

import pytest

from mmgt_core.speech.words import timed_words


def test_a_word_begins_at_its_first_event_and_ends_where_the_next_begins() -> None:
    words = timed_words("one 1984 two", [(0.0, 0), (0.5, 4), (0.9, 5), (1.4, 5), (2.0, 9)], 2.5)

    assert [(each.word, each.start_s, each.end_s) for each in words] == [
        ("one", 0.0, 0.5), ("1984", 0.5, 2.0), ("two", 2.0, 2.5),
    ]  # fmt: skip


def test_words_without_an_event_share_the_time_of_the_one_before_by_letters() -> None:
    words = timed_words("of the men", [(1.0, 0), (2.0, 7)], 3.0)

    assert [(each.word, each.start_s, each.end_s) for each in words] == [
        ("of", 1.0, 1.4), ("the", 1.4, 2.0), ("men", 2.0, 3.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "events",
    [
        [],
        [(0.3, 99), (0.4, -1)],  # places that are not in the text
        [(0.2, 8), (0.9, 0)],  # a later word first
        [(0.1, 3), (0.2, 7)],  # on spaces
    ],
)
def test_whatever_a_synthesiser_tells_every_word_has_a_time_and_none_begins_before_the_one_before(
    events: list[tuple[float, int]],
) -> None:
    words = timed_words("one two three", events, 1.0)

    assert [each.word for each in words] == ["one", "two", "three"]
    assert all(one.end_s == next_one.start_s for one, next_one in pairwise(words))
    assert all(each.start_s <= each.end_s for each in words)
    assert words[-1].end_s == 1.0


def test_spaces_alone_have_no_words() -> None:
    assert timed_words(" \n ", [(0.0, 0)], 1.0) == ()

"""Laws of splitting a text: nothing is lost, no part is too long, and cuts lie where a speaker pauses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mmgt_core.speech.sentences import parts_of

LONG = "Alpha beta, gamma delta; epsilon zeta. " * 30


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(text=some.text(max_size=400), max_chars=some.integers(1, 60))
def test_every_letter_is_in_some_part_in_order_and_no_part_is_too_long(text: str, max_chars: int) -> None:
    parts = parts_of(text, max_chars)

    assert bare("".join(parts)) == bare(text)
    assert all(0 < len(part) <= max_chars for part in parts)


def test_a_text_that_is_short_enough_stays_as_it_is() -> None:
    assert parts_of(" One. Two!\nThree? ", 100) == ["One. Two!\nThree?"]


@pytest.mark.parametrize(
    ("text", "max_chars", "parts"),
    [
        ("One two. Three four. Five.", 20, ["One two. Three four.", "Five."]),
        ("He said “Stop.” Then he went.", 16, ["He said “Stop.”", "Then he went."]),
        ("一つ目。二つ目。三つ目。", 8, ["一つ目。二つ目。", "三つ目。"]),
        ("Line one\nLine two", 10, ["Line one", "Line two"]),
        ("first clause, second clause", 15, ["first clause,", "second clause"]),
        ("aaaa bbbb cccc", 9, ["aaaa bbbb", "cccc"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("It costs 3.50 today.", 12, ["It costs", "3.50 today."]),
    ],
)
def test_a_long_text_is_cut_where_a_speaker_pauses(text: str, max_chars: int, parts: list[str]) -> None:
    assert parts_of(text, max_chars) == parts


def test_parts_are_as_few_as_their_sentences_allow() -> None:
    parts = parts_of(LONG, 400)

    assert all(part.endswith("zeta.") for part in parts)
    assert all(len(part) + len(LONG) / 30 > 400 for part in parts[:-1])

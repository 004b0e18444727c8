"""Laws of cues: short enough to be read, ended where speech ends, and no word lost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmgt_core.captions.cues import MAX_CUE_S, Cue, cues_of
from mmgt_core.captions.words import LINE_WIDTH, TimedWord, width_of, words_of


def said(text: str, word_s: float = 0.3, pauses: dict[int, float] | None = None) -> list[TimedWord]:
    """Words behind each other; pauses: seconds after a word, by its number."""
    at_s, timed = 0.0, []
    for number, word in enumerate(words_of(text)):
        timed.append(TimedWord(word, at_s, at_s + word_s))
        at_s += word_s + (pauses or {}).get(number, 0.0)
    return timed


def texts(cues: tuple[Cue, ...]) -> list[str]:
    return [cue.text for cue in cues]


def test_a_sentence_ends_a_cue_and_an_abbreviation_does_not() -> None:
    cues = cues_of(said("I met Mr. Smith. He waved! “Really?” Yes."), 60)

    assert texts(cues) == ["I met Mr. Smith.", "He waved!", "“Really?”", "Yes."]


def test_a_long_pause_ends_a_cue() -> None:
    assert texts(cues_of(said("one two three four", pauses={1: 1.0}), 60)) == ["one two", "three four"]


def test_a_long_sentence_is_parted_behind_a_comma_rather_than_anywhere() -> None:
    text = (
        "When the rain had stopped over the whole of the wide valley, everybody who had waited under the roof "
        "went home together."
    )

    assert [cue.text.replace("\n", " ") for cue in cues_of(said(text, 0.2), 60)] == [
        "When the rain had stopped over the whole of the wide valley,",
        "everybody who had waited under the roof went home together.",
    ]


@given(
    st.lists(st.text("abcdeéÖ,.!天", min_size=1, max_size=60), min_size=1, max_size=60),
    st.lists(st.floats(0.03, 9), min_size=60, max_size=60),
)
def test_cues_hold_every_word_in_lines_and_seconds_that_can_be_read(tokens: list[str], lengths: list[float]) -> None:
    words, at_s, timed = words_of(" ".join(tokens)), 0.0, []
    for word, length_s in zip(words, lengths, strict=False):
        timed.append(TimedWord(word, at_s, at_s + length_s))
        at_s += length_s

    cues = cues_of(timed, at_s)

    assert "".join("".join(texts(cues)).split()) == "".join(word.word.text.replace(" ", "") for word in timed)
    assert all(
        len(lines) <= 2 and max(map(width_of, lines)) <= LINE_WIDTH for lines in map(str.splitlines, texts(cues))
    )
    assert all(0 < cue.end_s - cue.start_s <= MAX_CUE_S + 1e-9 for cue in cues)
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(cues))


def test_a_short_cue_stays_for_a_second_where_there_is_time_and_gaps_do_not_flicker() -> None:
    first, second, third = cues_of(said("Yes. No. Perhaps.", pauses={0: 2.0, 1: 0.9}), 10)

    assert first.end_s - first.start_s == pytest.approx(1.0)
    assert second.end_s == pytest.approx(third.start_s)


def test_no_word_is_said_after_its_cue_is_gone_also_where_words_are_drawn_out() -> None:
    drawn_out = said("oh so very slow this is and on it goes", word_s=1.4)

    cues = cues_of(drawn_out, 60)

    ends = [word.end_s for word in drawn_out]
    assert len(cues) > 1
    for cue in cues:
        of_cue = [end for word, end in zip(drawn_out, ends, strict=True) if cue.start_s <= word.start_s < cue.end_s]
        assert max(of_cue) <= cue.end_s + 1e-9
    assert len(" ".join(texts(cues)).split()) == len(drawn_out)


def test_two_lines_part_at_a_comma_that_is_near_their_middle() -> None:
    (cue,) = cues_of(said("We came back home late, and the whole of the house was dark", 0.1), 60)

    assert cue.text == "We came back home late,\nand the whole of the house was dark"

"""Laws of what words sound like where the dictionary does not say so."""

import pytest

from mmgt_core.captions.english_numbers import readings
from mmgt_core.captions.pronouncing import dictionary_word, pronunciations

KNOWN = {
    "a": "AH", "a(2)": "EY", "cafe": "K AH F EY", "mr.": "M IH S T ER", "rock": "R AA K", "star": "S T AA R",
    "dollars": "D AA L ER Z", "five": "F AY V", "fifty": "F IH F T IY", "bus": "B AH S", "g": "JH IY", "p": "P IY",
    "u": "Y UW", "and": "AH N D", "don't": "D OW N T", "ten": "T EH N", "cat": "K AE T",
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "known"),
    [("Café,", "cafe"), ("“Rock!”", "rock"), ("Mr.", "mr."), ("don’t", "don't"), ("xyzzy", None), ("10", None)],
)
def test_a_word_is_looked_up_without_marks_and_accents_in_lower_case(written: str, known: str | None) -> None:
    assert dictionary_word(written, KNOWN.get) == known


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("rockstar", "R AA K S T AA R"),
        ("bus's", "B AH S IH Z"),
        ("cats", "K AE T S"),
        ("GPUs", "JH IY P IY Y UW Z"),
        ("&", "AH N D"),
        ("$5.50", "F AY V D AA L ER Z F IH F T IY"),
        ("rock-star", "R AA K S T AA R"),
        ("shnee", "SH N IY"),
        ("bottle", "B OW T L"),
    ],
)
def test_what_is_not_known_is_read_by_its_parts_and_letters(written: str, sounds: str) -> None:
    assert pronunciations(written, KNOWN.get)[0] == sounds


@pytest.mark.parametrize("written", ["Привет", "—", "日本"])
def test_what_cannot_be_read_in_english_has_no_sound(written: str) -> None:
    assert pronunciations(written, KNOWN.get) == ()


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ("0", "zero"),
        ("1984", "nineteen eighty four"),
        ("1984", "one thousand nine hundred and eighty four"),
        ("1984", "one nine eight four"),
        ("2003", "two thousand three"),
        ("1905", "nineteen oh five"),
        ("1900", "nineteen hundred"),
        ("1,000,000", "one million"),
        ("212", "two hundred and twelve"),
        ("3.14", "three point one four"),
        ("21st", "twenty first"),
        ("20th", "twentieth"),
        ("8th", "eighth"),
        ("1990s", "nineteen nineties"),
        ("007", "oh oh seven"),
        ("1" * 20, " ".join(["one"] * 20)),
    ],
)
def test_figures_are_read_as_english_reads_them(figures: str, said: str) -> None:
    assert tuple(said.split()) in readings(figures)

"""What is said as words: what can be shown and timed one by one; nothing of the text is lost between them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LINE_WIDTH = 42
"""Of a caption's line: letters, a wide one (of Chinese, Japanese, Korean) counting as two."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts that put no spaces between words: each is timed by itself."""


@dataclass(frozen=True)
class Word:
    """A word as it is written; is_joined: no space stands between it and the one before."""

    text: str
    is_joined: bool = False


@dataclass(frozen=True)
class TimedWord:
    """A word and when it is said, seconds from the video's beginning."""

    word: Word
    start_s: float
    end_s: float


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text, in order; marks that stand alone, as dashes do, belong to the word before them."""
    words: list[Word] = []
    for token in text.split():
        if words and not any(map(str.isalnum, token)) and not _is_sign(token):
            words[-1] = Word(f"{words[-1].text} {token}", words[-1].is_joined)
            continue
        words += [Word(part, is_joined=index > 0) for index, part in enumerate(_parts(token))]
    return tuple(words)


def written(words: Sequence[Word]) -> str:
    """The words as they stand in a line."""
    return "".join(("" if word.is_joined or not index else " ") + word.text for index, word in enumerate(words))


def width_of(text: str) -> int:
    """How wide a text is, in letters of an alphabet."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text if not _is_mark(letter))


def _parts(token: str) -> Iterator[str]:
    """A token, cut between letters of unspaced scripts, and where it is wider than a line."""
    part = ""
    for letter in token:
        is_new = _UNSPACED.match(letter) is not None or (part and _UNSPACED.match(part[0]) and letter.isalnum())
        if part and (is_new or width_of(part + letter) > LINE_WIDTH) and not _is_mark(letter):
            yield part
            part = ""
        part += letter
    yield part


def _is_mark(letter: str) -> bool:
    """Whether it stands on the letter before it."""
    return unicodedata.category(letter).startswith("M")


def _is_sign(token: str) -> bool:
    """Whether it is read aloud though it has no letter: "&", "%", "+", "€"."""
    return any(unicodedata.category(letter) == "Sc" or letter in "&%+=@#" for letter in token)

"""When each word of a text is heard, from what a synthesiser tells while it speaks."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True)
class TimedWord:
    """What stands between two spaces of the text, and when it is heard, in seconds of the speech."""

    word: str
    start_s: float
    end_s: float


def timed_words(text: str, events: Iterable[tuple[float, int]], seconds: float) -> tuple[TimedWord, ...]:
    """Return every word of the text in order, each ending where the next begins.

    A synthesiser's events are not its words: eSpeak NG tells one for "of the", three for "1984", two for "didn't".
    So a word begins at the first event within it; words without one share the time of the word before, by letters.

    Args:
        events: seconds, and the place in the text, counted from 0.
        seconds: length of the speech.
    """
    tokens = list(_TOKEN.finditer(text))
    if not tokens:
        return ()
    places, began = [token.start() for token in tokens], dict[int, float]()
    for at_s, place in sorted(events):
        index = max(0, bisect_right(places, place) - 1)
        if place < tokens[index].end() and index > max(began, default=-1):  # never back to an earlier word
            began[index] = at_s
    anchors = [*({0: 0.0} | began).items(), (len(tokens), seconds)]
    words = [token.group() for token in tokens]
    timed: list[TimedWord] = []
    for (index, start_s), (following, end_s) in pairwise(anchors):
        timed += _shared(words[index:following], start_s, end_s)
    return tuple(timed)


def _shared(words: Sequence[str], start_s: float, end_s: float) -> list[TimedWord]:
    """Words that share a stretch of time, each by its letters."""
    letters = [max(1, sum(map(str.isalnum, word))) for word in words]
    ends = [start_s + (end_s - start_s) * sum(letters[: count + 1]) / sum(letters) for count in range(len(words))]
    borders = [round(border_s, 3) for border_s in (start_s, *ends)]
    return [TimedWord(word, *border) for word, border in zip(words, pairwise(borders), strict=True)]

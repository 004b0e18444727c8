"""Cues: which words stand together on the screen, for how long, in which lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mmgt_core.captions.words import LINE_WIDTH, TimedWord, Word, width_of, written

MAX_CUE_S = 7.0
_MAX_LINES = 2
_LEAST_CUE_S = 1.0
"""A cue stays so long, where the next one leaves it the time."""
_FLICKER_S = 0.3
"""A shorter gap between two cues is closed."""
_PAUSE_S = 0.8
"""A pause so long ends a cue."""
_CLOSERS = "\"'”’»)]›」』"
_ENDS, _JOINTS = ".!?…。！？", ",;:–—-、，；："
_ABBREVIATIONS = frozenset(
    ("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "no", "fig", "ca", "z.b", "d.h", "e.g", "i.e")
)
_JOINT_COST, _PAUSE_COST, _WORD_COST = 1.0, 1.0, 4.0
"""Of a border between two cues behind a comma and its like, at a short pause, and elsewhere."""
_SHORT_PAUSE_S = 0.2


@dataclass(frozen=True)
class Cue:
    """Text on the screen, its lines apart by newlines, from one second to another.

    settings: where it stands, as WebVTT writes it.
    """

    start_s: float
    end_s: float
    text: str
    settings: str = ""


def cues_of(words: Sequence[TimedWord], end_s: float) -> tuple[Cue, ...]:
    """The words as cues: of at most two lines of 42 letters and 7 s, ended where sentences and pauses end them.

    Args:
        end_s: of the video; no cue is longer on the screen.
    """
    groups = [group for passage in _passages(words) for group in _grouped(passage)]
    shown = []
    for index, group in enumerate(groups):
        next_s = groups[index + 1][0].start_s if index + 1 < len(groups) else end_s
        stop_s = max(group[-1].end_s, min(group[0].start_s + _LEAST_CUE_S, next_s))
        stop_s = next_s if index + 1 < len(groups) and next_s - stop_s < _FLICKER_S else stop_s
        lines = _lines([timed.word for timed in group])
        shown.append(Cue(group[0].start_s, min(stop_s, group[0].start_s + MAX_CUE_S, next_s, end_s), "\n".join(lines)))
    return tuple(shown)


def _passages(words: Sequence[TimedWord]) -> Iterator[Sequence[TimedWord]]:
    """The words between two ends of sentences or long pauses."""
    start = 0
    for index, (timed, following) in enumerate(pairwise(words)):
        if _ends_sentence(timed.word.text) or following.start_s - timed.end_s >= _PAUSE_S:
            yield words[start : index + 1]
            start = index + 1
    if words:
        yield words[start:]


def _grouped(passage: Sequence[TimedWord]) -> list[Sequence[TimedWord]]:
    """A passage in cues, so that their borders cost least (the shortest path over borders)."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(passage) + 1):
        options = []
        for start in range(end - 1, -1, -1):
            group = passage[start:end]
            if end - start > 1 and not _fits(group):
                break
            border = 0.0 if end == len(passage) else _border_cost(passage[end - 1], passage[end])
            options.append((best[start][0] + border + _unevenness(group), start))
        best.append(min(options))
    cuts = [len(passage)]
    while cuts[-1]:
        cuts.append(best[cuts[-1]][1])
    return [passage[start:end] for start, end in pairwise(reversed(cuts))]


def _fits(group: Sequence[TimedWord]) -> bool:
    if group[-1].end_s - group[0].start_s > MAX_CUE_S:
        return False
    return len(_filled([timed.word for timed in group])) <= _MAX_LINES


def _unevenness(group: Sequence[TimedWord]) -> float:
    """A cue itself costs something, a nearly empty one more."""
    return 1.0 + (1.0 - min(1.0, width_of(written([timed.word for timed in group])) / LINE_WIDTH)) ** 2


def _border_cost(last: TimedWord, following: TimedWord) -> float:
    if last.word.text.rstrip(_CLOSERS).endswith(tuple(_JOINTS)):
        return _JOINT_COST
    return _PAUSE_COST if following.start_s - last.end_s >= _SHORT_PAUSE_S else _WORD_COST


def _ends_sentence(text: str) -> bool:
    bare = text.rstrip(_CLOSERS)
    if not bare.endswith(tuple(_ENDS)):
        return False
    word = re.sub(r"^\W+", "", bare).rstrip(".").lower()
    return not (bare.endswith(".") and (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())))


def _filled(words: Sequence[Word]) -> list[list[Word]]:
    """The words in lines, each as full as it can be."""
    lines: list[list[Word]] = []
    for word in words:
        if lines and width_of(written([*lines[-1], word])) <= LINE_WIDTH:
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _lines(words: Sequence[Word]) -> list[str]:
    """One line where that is enough, else two of about the same width, parted at a joint where one is near."""
    if len(_filled(words)) == 1:
        return [written(words)]
    parted = []
    for cut in range(1, len(words)):
        first, second = written(words[:cut]), written([Word(words[cut].text), *words[cut + 1 :]])
        if max(width_of(first), width_of(second)) <= LINE_WIDTH:
            bonus = LINE_WIDTH / 4 if first.endswith(tuple(_JOINTS)) else 0
            parted.append((abs(width_of(first) - width_of(second)) - bonus, [first, second]))
    return min(parted)[1] if parted else [written(line) for line in _filled(words)]

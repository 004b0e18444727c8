"""A text in parts that a speech server takes, cut where a speaker pauses."""

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"(?<=[.!?…。！？।؟])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")
_CLAUSE = re.compile(r"(?<=[,;:，；：、])\s*|\s+[–—-]\s+")
_WORD = re.compile(r"\s+")


def parts_of(text: str, max_chars: int) -> list[str]:
    """Return the text in as few parts as its sentences allow, none longer than a number of characters.

    A sentence that is longer is cut at a comma or its like, else between words, else anywhere.
    """
    parts: list[str] = []
    for piece in _pieces(text.strip(), max_chars, (_SENTENCE, _CLAUSE, _WORD)):
        if parts and len(parts[-1]) + len(piece.rstrip()) <= max_chars:
            parts[-1] += piece
        else:
            parts.append(piece)
    return [part.strip() for part in parts if part.strip()]


def _pieces(text: str, max_chars: int, borders: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """Yield pieces that together are the text, each short enough, cut at the first kind of border that does it."""
    if not borders:
        yield from (text[start : start + max_chars] for start in range(0, len(text), max_chars))
        return
    ends = [match.end() for match in borders[0].finditer(text)]
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        piece = text[start:end]
        if len(piece.rstrip()) <= max_chars:
            yield piece
        else:
            yield from _pieces(piece, max_chars, borders[1:])

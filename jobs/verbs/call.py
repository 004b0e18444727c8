"""A call: one verb's words and how to read its reply; what both store clients can run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Word = str | int | float


@dataclass(frozen=True)
class Call(Generic[T]):
    """One round trip to the store.

    Attributes:
        verb: name of the function in `jobs/lua` that is run.
        words: its arguments.
        read: turns the reply into the verb's result; raises what the reply says was refused. A verb with much to look
            at answers with its next call instead: no script holds the store for long.
    """

    verb: str
    words: tuple[Word, ...]
    read: "Callable[[Any], T | Call[T]]"


def yes(reply: Any) -> bool:  # noqa: ANN401
    """Read a script's 1 or 0."""
    return bool(int(reply))


def count(reply: Any) -> int:  # noqa: ANN401
    """Read a number."""
    return int(reply)


def nothing(reply: Any) -> None:  # noqa: ANN401
    """Read nothing."""


def or_none(read: Callable[[Any], T]) -> Callable[[Any], T | None]:
    """Return a reader that takes an empty reply for nothing."""
    return lambda reply: read(reply) if reply else None


def milliseconds(seconds: float) -> int:
    """Return the word for a time; scripts count in milliseconds."""
    return int(seconds * 1000)


def words_or_none(value: Word | None) -> Word:
    """Return the value, or the empty word that scripts take for nothing."""
    return "" if value is None else value

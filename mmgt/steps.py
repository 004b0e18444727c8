"""An operation is a generator of steps: it says what to send, read and wait for, and whoever runs it does that.

So each is written once, for callers that block and for those that await (`mmgt/client.py` runs them), and a test can
walk through one without a network or a clock.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import httpx

from mmgt.forms import Form

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A request, made anew for each try.

    Attributes:
        read_s: seconds without a byte after which it has failed; None: the client's own.
    """

    method: str
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    read_s: float | None = None

    @contextmanager
    def request(self, http: httpx.Client | httpx.AsyncClient) -> Iterator[httpx.Request]:
        """The request for one try; its files are open as long as this lasts."""
        timeout = http.timeout
        if self.read_s is not None:
            timeout = httpx.Timeout(connect=timeout.connect, read=self.read_s, write=timeout.write, pool=timeout.pool)
        with self.form.opened() as files:
            yield http.build_request(
                self.method, self.path, params=self.query, headers=self.headers, data=dict(self.form.fields),
                files=files, timeout=timeout,
            )  # fmt: skip


@dataclass(frozen=True)
class Send:
    """Send a request; the answer is a response that has been read."""

    call: Call


@dataclass(frozen=True)
class Open:
    """Send a request; the answer is a response whose body waits for `Chunk`, unless it is a refusal: that is read."""

    call: Call


@dataclass(frozen=True)
class Chunk:
    """Read on in what was opened last; the answer is bytes, or None at the end."""


@dataclass(frozen=True)
class Sleep:
    """Wait."""

    seconds: float


@dataclass(frozen=True)
class Tell(Generic[T]):
    """Give a value to whoever iterates over the operation."""

    value: T


Step: TypeAlias = Send | Open | Chunk | Sleep
Steps: TypeAlias = Generator[Step, Any, T]
"""An operation under way. It is sent the answer of each step; a transport's error is thrown into it where it waits."""
Telling: TypeAlias = Generator[Step | Tell[T], Any, None]
"""An operation that tells values on its way."""


class Flow(Generic[T]):
    """An operation that is being run: its next step, and at the end its result."""

    result: T

    def __init__(self, steps: Generator[Step | Tell[Any], Any, T]) -> None:
        self._steps = steps

    def next(self, answer: object = None, failure: httpx.RequestError | None = None) -> Step | Tell[Any] | None:
        """The next step, given how the last one went; None at the end."""
        try:
            return self._steps.send(answer) if failure is None else self._steps.throw(failure)
        except StopIteration as end:
            self.result = end.value
            return None

    def close(self) -> None:
        """End the operation where it stands."""
        self._steps.close()

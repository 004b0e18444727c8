"""When a request is sent again: after a lost connection and where the service says `later`, as long as it asks."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from mmgt.errors import REFUSALS, MmgtError, Refused, UnexpectedAnswer, Unreachable
from mmgt.steps import Call, Send, Sleep, Steps

PASSING = frozenset({429, 502, 503, 504})
IN_CONFLICT = 409  # passes only where the answer says when: a key's first request is in flight
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
LONGEST_RETRY_AFTER_S = 120.0
"""Who is asked to wait longer is told instead, and decides."""


@dataclass(frozen=True)
class Patience:
    """How often something that failed is tried again.

    Attributes:
        max_retries: in a row; 0 never.
    """

    max_retries: int = 4

    def pause_s(self, failures: int, failure: MmgtError) -> float:
        """Seconds until the next try.

        Args:
            failures: in a row, this one included.

        Raises:
            MmgtError: the failure itself, where another try is not due.
        """
        asked_s = getattr(failure, "retry_after_s", None)
        if failures > self.max_retries or not _passes(failure) or (asked_s or 0.0) > LONGEST_RETRY_AFTER_S:
            raise failure
        return backoff_s(failures) if asked_s is None else float(asked_s)


def _passes(failure: MmgtError) -> bool:
    if isinstance(failure, Refused | UnexpectedAnswer):
        return failure.status in PASSING or (failure.status == IN_CONFLICT and failure.retry_after_s is not None)
    return isinstance(failure, Unreachable)


def backoff_s(failures: int) -> float:
    """Twice as long after each failure, and spread, so that a crowd of clients does not come back as one."""
    longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10))
    return longest_s * random.uniform(0.5, 1.0)


def ask(patience: Patience, call: Call) -> Steps[httpx.Response]:
    """The answer to a request, which is sent again while that may help.

    Raises:
        MmgtError: refused, no answer of this service, or nobody answers.
    """
    failures = 0
    while True:
        try:
            response: httpx.Response = yield Send(call)
            return answered(response)
        except httpx.RequestError as error:
            failure: MmgtError = unreachable(call, error)
            failure.__cause__ = error
        except (Refused, UnexpectedAnswer) as error:
            failure = error
        failures += 1
        yield Sleep(patience.pause_s(failures, failure))


def ask_object(patience: Patience, call: Call) -> Steps[Any]:
    """The JSON object that a request is answered with.

    Raises:
        MmgtError: as `ask`.
    """
    response = yield from ask(patience, call)
    return json_of(response)


def answered(response: httpx.Response) -> httpx.Response:
    """The response, unless it is a refusal.

    Raises:
        Refused, UnexpectedAnswer
    """
    if response.is_success:
        return response
    if not response.is_error:  # a redirect: a proxy's, to a login page or to https
        raise UnexpectedAnswer(response.status_code, shown(response.url))
    headers, status = response.headers, response.status_code
    kind = REFUSALS.get(status, Refused)
    raise kind(status, json_of(response), headers.get("x-request-id"), retry_after_s(headers))


def json_of(response: httpx.Response) -> Any:  # noqa: ANN401 - the service's, typed where it is asked for
    """The JSON object of a response.

    Raises:
        UnexpectedAnswer: it has none.
    """
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UnexpectedAnswer(response.status_code, shown(response.url), retry_after_s(response.headers))
    return content


def unreachable(call: Call, error: httpx.RequestError) -> Unreachable:
    """What a transport's error means to a caller."""
    return Unreachable(f"{call.method} {call.path}: {str(error) or type(error).__name__}")


def shown(url: httpx.URL) -> str:
    """A URL without the name and password that it may carry."""
    return str(url.copy_with(username=None, password=None)) if url.userinfo else str(url)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`, which is a number, or a date as proxies send it; None without one."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None

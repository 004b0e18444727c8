"""The command line's way to a service: our own client, and each of its errors as a sentence and an exit status."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import mmgt

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE, KEY_VARIABLE = "MMGT_URL", "MMGT_KEY"
URL_NAMES, KEY_NAMES = f"--url or {URL_VARIABLE}", f"--key or {KEY_VARIABLE}"

NO_VIDEO, REFUSED, UNAUTHORISED, NOT_FOUND, UNREACHABLE, LATER = 1, 3, 7, 8, 9, 10
"""Exit statuses; docs/client.md says what each means. 2 is wrong usage and 130 an interrupt, as everywhere."""

EXIT_STATUSES = {
    mmgt.InvalidRequest: REFUSED, mmgt.Unauthorised: UNAUTHORISED, mmgt.NotFound: NOT_FOUND, mmgt.TryLater: LATER,
}  # fmt: skip
"""Refusal to exit status; every other is 1."""


class ServiceError(Exception):
    """The service could not be reached, or refused; the message is its own, with what to do where that is known."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


@dataclass(frozen=True)
class Service:
    """Where a service is, and the key that it may ask for."""

    url: str
    key: str | None = field(default=None, repr=False)

    @contextmanager
    def client(self) -> Iterator[mmgt.Client]:
        """A client for some calls, each tried once: whoever sits there decides about another.

        Raises:
            ServiceError: the address is none, nobody answers there, or the service refused.
        """
        try:
            client = mmgt.Client(self.url, self.key or "", max_retries=0)
        except ValueError as error:
            raise ServiceError(f"{error} ({URL_NAMES}), ({KEY_NAMES})", UNREACHABLE) from error
        try:
            with client:
                yield client
        except mmgt.Unreachable as error:
            raise ServiceError(f"no service answers at {self.url} ({URL_NAMES}): {error}", UNREACHABLE) from error
        except mmgt.Refused as error:
            exit_status = EXIT_STATUSES.get(type(error), NO_VIDEO)
            hint = f" ({KEY_NAMES})" if exit_status == UNAUTHORISED else ""
            raise ServiceError(f"{error.message}{hint}", exit_status) from error
        except mmgt.UnexpectedAnswer as error:
            raise ServiceError(f"{error} ({URL_NAMES})", NO_VIDEO) from error
        except mmgt.MmgtError as error:
            raise ServiceError(str(error), NO_VIDEO) from error

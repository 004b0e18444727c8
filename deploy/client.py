"""The command line's way to a service: one HTTP client, and each refusal as a sentence and an exit status."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE, KEY_VARIABLE = "MMGT_URL", "MMGT_KEY"
URL_NAMES, KEY_NAMES = f"--url or {URL_VARIABLE}", f"--key or {KEY_VARIABLE}"

NO_VIDEO, REFUSED, UNAUTHORISED, NOT_FOUND, UNREACHABLE, LATER = 1, 3, 7, 8, 9, 10
"""Exit statuses; docs/client.md says what each means. 2 is wrong usage and 130 an interrupt, as everywhere."""

EXIT_STATUSES = {
    400: REFUSED, 401: UNAUTHORISED, 403: UNAUTHORISED, 404: NOT_FOUND, 409: LATER, 410: NOT_FOUND, 413: REFUSED,
    415: REFUSED, 422: REFUSED, 429: LATER, 503: LATER,
}  # fmt: skip
"""HTTP status to exit status; every other is 1."""

_CONNECT_S, _READ_S = 10.0, 60.0
_CHUNK_BYTES = 1 << 16


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
    def client(self) -> Iterator["Client"]:
        """A client for some calls.

        Raises:
            ServiceError: the address is none, or nobody answers there.
        """
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
        try:
            with httpx.Client(base_url=self.url.rstrip("/"), headers=headers, timeout=timeout) as http:
                yield Client(http)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise ServiceError(f"no service answers at {self.url} ({URL_NAMES}): {why}", UNREACHABLE) from error


@dataclass(frozen=True)
class Client:
    """The calls; each raises ServiceError for an answer that is a refusal."""

    http: httpx.Client

    def get(self, video_id: str, wait_s: int = 0) -> dict[str, Any]:
        """The video object; wait_s: until something changes, at most."""
        return read(self.http.get(f"/v1/videos/{video_id}", headers={"Prefer": f"wait={wait_s}"} if wait_s else {}))

    def list(self, **query: str | int) -> dict[str, Any]:
        """A page of videos."""
        return read(self.http.get("/v1/videos", params=query))

    def cancel(self, video_id: str) -> dict[str, Any]:
        """Ask for its end; the video object says how far that is."""
        return read(self.http.post(f"/v1/videos/{video_id}/cancel"))

    def delete(self, video_id: str) -> dict[str, Any]:
        """Remove it with all that it was made of."""
        return read(self.http.delete(f"/v1/videos/{video_id}"))

    def download(self, video_id: str, variant: str, out: Path) -> None:
        """Write one of its files; complete or absent."""
        part = out.with_name(out.name + ".part")
        try:
            query = {"variant": variant}
            with self.http.stream("GET", f"/v1/videos/{video_id}/content", params=query) as stream:
                if stream.is_error:
                    stream.read()
                    read(stream)
                with part.open("wb") as file:
                    for chunk in stream.iter_bytes(_CHUNK_BYTES):
                        file.write(chunk)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)


def read(response: httpx.Response) -> dict[str, Any]:
    """An answer's JSON object.

    Raises:
        ServiceError: it is a refusal, or no answer of this service.
    """
    try:
        content: dict[str, Any] = response.json()
    except ValueError as error:
        where = f"HTTP {response.status_code} from {response.url}, and no JSON; is it this service ({URL_NAMES})?"
        raise ServiceError(where, NO_VIDEO) from error
    if not response.is_error:
        return content
    message = str(content.get("detail") or content.get("title") or content)
    exit_status = EXIT_STATUSES.get(response.status_code, NO_VIDEO)
    if exit_status == UNAUTHORISED:
        message = f"{message} ({KEY_NAMES})"
    raise ServiceError(message, exit_status)

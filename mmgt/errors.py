"""What can go wrong for a caller: one type for each thing that is answered differently. None of them knows the key.

Each hands all that it was made of to `Exception`, so that it passes between processes.
"""

from collections.abc import Mapping
from typing import Any

from mmgt.answers import FindingBody, ProblemBody, Video


class MmgtError(Exception):
    """Everything that this client raises for what happened outside it."""


class Unreachable(MmgtError):
    """Nobody answered, or the connection broke, more often than was worth a new try."""


class UnexpectedAnswer(MmgtError):
    """An answer that is none of this service: the address may be another one's, or a proxy speaks for it.

    Attributes:
        status: of HTTP.
        retry_after_s: seconds that it asked to wait; None where it asked for none.
    """

    def __init__(self, status: int, url: str, retry_after_s: float | None = None) -> None:
        super().__init__(status, url, retry_after_s)
        self.status, self.url, self.retry_after_s = status, url, retry_after_s

    def __str__(self) -> str:
        return f"HTTP {self.status} from {self.url}, and no JSON; is it this service?"


class Refused(MmgtError):
    """The service said no.

    Attributes:
        status: of HTTP.
        code: what is wrong, for programs; the table is in docs/http-api.md.
        param: the field at fault; None when it is no field's.
        message: one sentence with the number.
        findings: everything that is wrong, where it is more than one thing.
        request_id: what the operator finds it by.
        retry_after_s: seconds that the service asked to wait; None where it asked for none.
    """

    def __init__(
        self, status: int, problem: ProblemBody, request_id: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(status, problem, request_id, retry_after_s)
        told: Mapping[str, Any] = problem  # as any server may have it: a proxy's JSON has none of this
        error = told.get("error")
        error = error if isinstance(error, dict) else {}
        self.status = status
        self.code: str | None = error.get("code")
        self.param: str | None = error.get("param")
        self.message = str(told.get("detail") or told.get("title") or problem)
        self.findings: list[FindingBody] = told.get("errors") or []
        self.request_id, self.retry_after_s = request_id, retry_after_s

    def __str__(self) -> str:
        return f"{self.message} (HTTP {self.status} {self.code}, request {self.request_id})"


class InvalidRequest(Refused):
    """What was sent is wrong, and would be again: 400, 408, 413, 415, 416, 422, 431."""


class Unauthorised(Refused):
    """The key is missing, unknown or revoked: 401, 403."""


class NotFound(Refused):
    """There is no such video, or no longer, or it has no such file: 404, 410."""


class TryLater(Refused):
    """Not now; the same may succeed later: 409, 429, 502, 503, 504."""


REFUSALS: dict[int, type[Refused]] = {
    400: InvalidRequest, 401: Unauthorised, 403: Unauthorised, 404: NotFound, 408: InvalidRequest, 409: TryLater,
    410: NotFound, 413: InvalidRequest, 415: InvalidRequest, 416: InvalidRequest, 422: InvalidRequest, 429: TryLater,
    431: InvalidRequest, 502: TryLater, 503: TryLater, 504: TryLater,
}  # fmt: skip
"""HTTP status to error; every other is `Refused` itself."""


class NotCompleted(MmgtError):
    """A video that was waited for ended without a file: failed, cancelled or expired.

    Attributes:
        video: as it ended; its `error` says why, where it failed.
        retryable: the same request may succeed.
    """

    def __init__(self, video: Video) -> None:
        super().__init__(video)
        error = video["error"]
        self.video = video
        self.code = error["code"] if error else None
        self.param = error["param"] if error else None
        self.retryable = bool(error and error["retryable"])

    def __str__(self) -> str:
        error = self.video["error"]
        return f"{self.video['id']} ended as {self.video['status']}" + (f": {error['message']}" if error else "")


class WaitTimedOut(MmgtError, TimeoutError):
    """The video has not ended in the time that was given; it goes on.

    Attributes:
        video: as it was last seen.
    """

    def __init__(self, video: Video) -> None:
        super().__init__(video)
        self.video = video

    def __str__(self) -> str:
        return f"{self.video['id']} is still {self.video['status']} at {self.video['progress']} %"


class DownloadCorrupt(MmgtError):
    """A file came whole, and is not the one whose digest the service told."""


class WebhookRefused(MmgtError):
    """A delivery that this service did not sign, or not now: answer 401."""

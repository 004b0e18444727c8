"""What the HTTP side refuses: one exception that carries a code of the table in `error_handlers.py`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a request.

    Attributes:
        code: machine-readable.
        message: one sentence with the number.
        param: the field at fault; None when it is no field's.
    """

    code: str
    message: str
    param: str | None = None

    @property
    def pointer(self) -> str:
        """JSON pointer of the field (RFC 6901); empty for the request as a whole."""
        return "" if self.param is None else "/" + self.param.replace("~", "~0").replace("/", "~1")


class RequestRefused(Exception):
    """The request is answered with a problem; `code` is a row of the table, which gives status and title.

    Args:
        code: a row of `error_handlers.PROBLEMS`.
        detail: one sentence for the client, with the number.
        param: the field at fault.
        headers: for the answer, beside those of every answer.
        findings: all that is wrong, when it is more than this one thing.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        findings: tuple[Finding, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.param = code, detail, param
        self.headers = dict(headers or {})
        self.findings = findings or (Finding(code, detail, param),)


def invalid_fields(findings: tuple[Finding, ...]) -> RequestRefused:
    """Return the 422 for everything that is wrong with a request; the first finding gives its code."""
    first = findings[0]
    detail = "; ".join(finding.message for finding in findings)
    return RequestRefused(first.code, detail, param=first.param, findings=findings)


def video_not_found(video_id: str) -> RequestRefused:
    """Return the 404 for an id that does not exist, was deleted, or is another tenant's."""
    return RequestRefused("video_not_found", f"there is no video {video_id[:64]}")

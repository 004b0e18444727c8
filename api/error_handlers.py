"""THE table: what went wrong -> status -> body. RFC 9457 problem and OpenAI error object in one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import Finding, RequestRefused
from api.methods import methods_of
from jobs.errors import (
    JobDeleted,
    JobsError,
    ObjectNotFound,
    QueueFull,
    QuotaExceeded,
    RangeNotSatisfiable,
    ReservationLost,
    StorageUnavailable,
    StoreUnavailable,
)  # fmt: skip

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_OUTAGE = {"Retry-After": "5"}


class Problem(NamedTuple):
    """A row of the table: the HTTP status, the title, and the type of OpenAI's error object."""

    status: int
    title: str
    kind: str = "invalid_request_error"


PROBLEMS: dict[str, Problem] = {
    "malformed_request": Problem(400, "Malformed request"),
    "invalid_idempotency_key": Problem(400, "Invalid idempotency key"),
    "invalid_api_key": Problem(401, "Invalid API key", "authentication_error"),
    "missing_api_key": Problem(401, "Missing API key", "authentication_error"),
    "cross_site_request": Problem(403, "Cross-site request", "permission_error"),
    "foreign_host": Problem(403, "Foreign host", "permission_error"),
    "not_found": Problem(404, "Not found"),
    "video_not_found": Problem(404, "Video not found"),
    "delivery_not_found": Problem(404, "Delivery not found"),
    "content_not_ready": Problem(404, "Content not ready"),
    "variant_not_found": Problem(404, "Variant not found"),
    "preview_not_available": Problem(404, "Preview not available"),
    "method_not_allowed": Problem(405, "Method not allowed"),
    "upload_too_slow": Problem(408, "Upload too slow"),
    "request_head_too_slow": Problem(408, "Request head too slow"),
    "idempotency_key_in_flight": Problem(409, "Idempotent twin in flight"),
    "inputs_expired": Problem(409, "Inputs expired"),
    "poses_not_ready": Problem(409, "Poses not ready"),
    "content_expired": Problem(410, "Content expired"),
    "payload_too_large": Problem(413, "Payload too large"),
    "unsupported_media_type": Problem(415, "Unsupported media type"),
    "range_not_satisfiable": Problem(416, "Range not satisfiable"),
    "idempotency_key_reused": Problem(422, "Idempotency key reused"),
    "request_head_too_large": Problem(431, "Request head too large"),
    "rate_limit_exceeded": Problem(429, "Rate limit exceeded", "rate_limit_error"),
    "quota_exceeded": Problem(429, "Quota exceeded", "rate_limit_error"),
    "uploads_exceeded": Problem(429, "Uploads exceeded", "rate_limit_error"),
    "waits_exceeded": Problem(429, "Waits exceeded", "rate_limit_error"),
    "too_many_connections": Problem(429, "Too many connections", "rate_limit_error"),
    "internal_error": Problem(500, "Internal error", "server_error"),
    "queue_full": Problem(503, "Queue full", "server_error"),
    "too_many_uploads": Problem(503, "Too many uploads", "server_error"),
    "too_many_waits": Problem(503, "Too many waits", "server_error"),
    "server_full": Problem(503, "Server full", "server_error"),
    "store_unavailable": Problem(503, "Store unavailable", "server_error"),
    "storage_unavailable": Problem(503, "Storage unavailable", "server_error"),
    "preflight_unavailable": Problem(503, "Preflight unavailable", "server_error"),
    "not_ready": Problem(503, "Not ready", "server_error"),
    "no_model_loaded": Problem(503, "No model loaded", "server_error"),
}

# What `jobs` raises; the message of an outage is for the log, not for the client.
JOBS_ERRORS: dict[type[JobsError], str] = {
    QuotaExceeded: "quota_exceeded",
    QueueFull: "queue_full",
    StoreUnavailable: "store_unavailable",
    StorageUnavailable: "storage_unavailable",
    ObjectNotFound: "content_expired",
    ReservationLost: "idempotency_key_in_flight",
    JobDeleted: "video_not_found",
    RangeNotSatisfiable: "range_not_satisfiable",
}
JOBS_DETAILS = {
    "store_unavailable": "the job store does not answer",
    "storage_unavailable": "the storage does not answer or is full",
    "content_expired": "the content is gone",
}

# What the framework raises.
STATUS_CODES = {
    400: "malformed_request", 404: "not_found", 405: "method_not_allowed", 413: "payload_too_large",
    415: "unsupported_media_type", 416: "range_not_satisfiable",
}  # fmt: skip


def problem_of(code: str) -> Problem:
    """Return the row; a code without one is that of a field, so it is a 422 titled after itself."""
    return PROBLEMS.get(code) or Problem(422, code.replace("_", " ").capitalize())


def problem_body(code: str, detail: str, findings: tuple[Finding, ...], base_url: str) -> dict[str, Any]:
    """Return the one body for two readers.

    Args:
        base_url: what problem types begin with.
    """
    row = problem_of(code)
    first = findings[0]
    return {
        "type": f"{base_url}{code.replace('_', '-')}",
        "title": row.title,
        "status": row.status,
        "detail": detail,
        "errors": [{"pointer": each.pointer, "code": each.code, "detail": each.message} for each in findings],
        "error": {"type": row.kind, "code": code, "message": detail, "param": first.param},
    }


def problem_answer(refused: RequestRefused, base_url: str) -> JSONResponse:
    """Return the answer for a refused request."""
    row = problem_of(refused.code)
    headers = dict(refused.headers)
    if row.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="mmgt"')
    if row.status == 503:
        headers = RETRY_AFTER_OUTAGE | headers
    body = problem_body(refused.code, refused.detail, refused.findings, base_url)
    return JSONResponse(body, row.status, headers, PROBLEM_TYPE)


def refusal_of(error: Exception) -> RequestRefused:
    """Return what the client is told of an exception: the table read by type; what is not in it is internal."""
    if isinstance(error.__cause__, RequestRefused):  # the framework has wrapped it while it read a body
        error = error.__cause__
    if isinstance(error, RequestRefused):
        return error
    if isinstance(error, RequestValidationError):
        return _refusal_of_validation(error)
    if isinstance(error, HTTPException):
        return _refusal_of_status(error.status_code, str(error.detail), error.headers)
    for kind, code in JOBS_ERRORS.items():
        if isinstance(error, kind):
            return RequestRefused(code, JOBS_DETAILS.get(code, str(error)), headers=_retry_headers(code))
    return RequestRefused("internal_error", "the server failed; its log has the reason under the request id")


def install_error_handlers(app: FastAPI, base_url: str) -> None:
    """Answer every exception by the table."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        refused = refusal_of(error)
        if refused.code == "method_not_allowed":
            refused = _refusal_of_method(methods_of(app.routes, request.scope))
        request.state.error_code = refused.code
        return problem_answer(refused, base_url)

    for kind in (RequestRefused, JobsError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def _retry_headers(code: str) -> dict[str, str]:
    return RETRY_AFTER_OUTAGE if problem_of(code).status in (409, 429, 503) else {}


def _refusal_of_status(status: int, detail: str, headers: Mapping[str, str] | None) -> RequestRefused:
    return RequestRefused(STATUS_CODES.get(status, "malformed_request"), detail, headers=headers)


def _refusal_of_method(methods: list[str]) -> RequestRefused:
    if not methods:
        return RequestRefused("not_found", "there is no such path")
    allowed = ", ".join(methods)
    return RequestRefused("method_not_allowed", f"the path has {allowed}", headers={"Allow": allowed})


def _refusal_of_validation(error: RequestValidationError) -> RequestRefused:
    rows = error.errors()
    if any(row["type"] == "json_invalid" for row in rows):
        return RequestRefused("malformed_request", "the body is no JSON")
    findings = tuple(
        Finding("invalid_value", f"{row['loc'][-1]}: {row['msg']}", ".".join(str(part) for part in row["loc"][1:]))
        for row in rows
    )
    refused = RequestRefused("invalid_value", "; ".join(each.message for each in findings), findings=findings)
    refused.param = findings[0].param
    return refused

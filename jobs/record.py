"""How a job lies in the store: one field `request` as JSON, written once, and flat fields that scripts change."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from jobs.job import Failure, Job, JobRequest, JobStatus, Notice, Preview, PreviewEnd, Progress

_request = TypeAdapter(JobRequest)
_failure = TypeAdapter(Failure)
_progress = TypeAdapter(Progress)
_notices = TypeAdapter(tuple[Notice, ...])


def encode_request(request: JobRequest) -> str:
    """Return the request as JSON text."""
    return _request.dump_json(request).decode()


def encode_notices(notices: tuple[Notice, ...]) -> str:
    """Return warnings as JSON text."""
    return _notices.dump_json(notices).decode()


def read_pairs(flat: Iterable[str]) -> dict[str, str]:
    """Turn a script's flat list of names and values into a dictionary."""
    words = iter(flat)
    return dict(zip(words, words, strict=True))


def read_job(reply: Any) -> Job:  # noqa: ANN401
    """Read a script's reply: the flat fields, the lease's end or nothing, the queue position or nothing."""
    return job_from_fields(read_pairs(reply[0]), reply[1] or None, reply[2] or None)


def job_from_fields(fields: dict[str, str], lease_expires_ms: str | None, queue_position: str | None) -> Job:
    """Build a job from its stored fields; an absent or empty field is nothing."""
    request = _request.validate_json(fields["request"])
    return Job(
        request=request,
        status=JobStatus(fields["status"]),
        version=int(fields["version"]),
        created_at_ms=int(fields["created_ms"]),
        updated_at_ms=int(fields["updated_ms"]),
        attempt=int(fields["attempt"]),
        lost_attempts=int(fields["lost_attempts"]),
        started_at_ms=_int(fields, "started_ms"),
        completed_at_ms=_int(fields, "completed_ms"),
        expires_at_ms=_int(fields, "expires_ms"),
        cancel_requested_at_ms=_int(fields, "cancel_requested_ms"),
        lease_expires_at_ms=None if lease_expires_ms is None else int(float(lease_expires_ms)),
        worker=fields.get("worker") or None,
        percent=int(fields["percent"]),
        progress=_progress.validate_json(fields["progress"]) if fields.get("progress") else None,
        failure=_failure.validate_json(fields["failure"]) if fields.get("failure") else None,
        preview=_preview(fields),
        results=json.loads(fields.get("results") or "{}"),
        warnings=_notices.validate_json(fields.get("warnings") or "[]"),
        seconds=_float(fields, "seconds"),
        noted_size=fields.get("size") or None,
        queue_seconds=_float(fields, "queue_seconds"),
        gpu_seconds=_float(fields, "gpu_seconds"),
        inputs_expired=bool(fields.get("inputs_expired")),
        queue_position=None if queue_position is None else int(queue_position),
    )


def _preview(fields: dict[str, str]) -> Preview | None:
    num_fragments, end = fields.get("preview_fragments"), fields.get("preview_end")
    return Preview(int(num_fragments), PreviewEnd(end) if end else None) if num_fragments else None


def _int(fields: dict[str, str], name: str) -> int | None:
    text = fields.get(name)
    return int(text) if text else None


def _float(fields: dict[str, str], name: str) -> float | None:
    text = fields.get(name)
    return float(text) if text else None

"""How a job is answered: the video object with ETag, when to ask again, and what was done about `Prefer: wait`."""

import re
from collections.abc import Sequence
from typing import Any

from fastapi.responses import JSONResponse
from starlette.requests import Request

from api.dependencies import Context
from api.submission import Submitted
from jobs.job import Job
from jobs.video_object import to_video_object

_WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE | re.ASCII)


def preferred_wait_s(request: Request, max_s: int) -> int | None:
    """Return N of `Prefer: wait=N` (RFC 7240), at most `max_s`; None without one, or with one that is no number."""
    found = _WAIT.search(",".join(request.headers.getlist("prefer")))
    return None if found is None else min(int(found[1]), max_s)


def etag_of(job: Job) -> str:
    """Return the weak entity tag: the version, and the place in the queue, which moves without a new version."""
    return f'W/"{job.version}.{job.queue_position or 0}"'


async def video_answer(
    context: Context, job: Job, status: int = 200, *, waited_s: int | None = None, location: str | None = None
) -> JSONResponse:
    """Return the video object.

    Args:
        waited_s: N of the `Prefer: wait=N` that was honoured.
        location: of a job that was created by this request.

    Raises:
        StoreUnavailable
    """
    outlook = await context.estimates.of(job)
    headers = outlook.headers | {"ETag": etag_of(job), "Cache-Control": "private, no-cache"}
    if waited_s is not None:
        headers["Preference-Applied"] = f"wait={waited_s}"
    if location is not None:
        headers["Location"] = location
    return JSONResponse(to_video_object(job, outlook.eta_seconds), status, headers)


def list_of(videos: Sequence[dict[str, Any]], *, has_more: bool = False) -> dict[str, Any]:
    """Return the list object of some video objects."""
    first_id, last_id = (videos[0]["id"], videos[-1]["id"]) if videos else (None, None)
    return {"object": "list", "data": videos, "first_id": first_id, "last_id": last_id, "has_more": has_more}


async def created_answer(context: Context, submitted: Submitted, status: int = 202, **told: int | None) -> JSONResponse:
    """Return what a create or remix has made: a video object with its place, or a list of them.

    Args:
        told: as `video_answer` takes it, of one.

    Raises:
        StoreUnavailable
    """
    job = submitted.jobs[0]
    if submitted.is_list:
        outlooks = [await context.estimates.of(each) for each in submitted.jobs]
        videos = [to_video_object(each, look.eta_seconds) for each, look in zip(submitted.jobs, outlooks, strict=True)]
        headers = outlooks[-1].headers | {"Cache-Control": "private, no-cache"}
        answer = JSONResponse(list_of(videos), status, headers)
    else:
        answer = await video_answer(context, job, status, location=f"/v1/videos/{job.id}", **told)
    if submitted.is_replay:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer

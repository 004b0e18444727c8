"""Reading jobs: one by id, at once or when it changes, and the tenant's list."""

import re
from contextlib import nullcontext
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from api.answers import etag_of, list_of, preferred_wait_s, video_answer
from api.byte_ranges import is_known
from api.dependencies import ContextDep, Reader
from api.errors import Finding, RequestRefused, invalid_fields, video_not_found
from api.following import wait_for_change, while_client_stays
from api.numbers import WholeNumber
from api.schemas import Video, VideoList, problems
from jobs.errors import UnknownCursor
from jobs.job import JobStatus
from jobs.video_object import to_video_object

router = APIRouter(tags=["videos"])

LIST_FIELDS = frozenset({"after", "before", "limit", "order", "status"})
METADATA = re.compile(r"metadata\[(.*)\]", re.DOTALL)
METADATA_PARAMETER = {
    "name": "metadata",
    "in": "query",
    "style": "deepObject",
    "explode": True,
    "description": "`metadata[k]=v`: only videos that have all these pairs.",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
WAIT_PARAMETER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N`: answer when the video changes, or after N seconds (at most 60).",
    "schema": {"type": "string", "pattern": r"^wait=\d{1,2}$", "example": "wait=0"},
}


@router.get(
    "/v1/videos/{video_id}",
    summary="The video object",
    response_model=Video,
    responses={304: {"description": "As `If-None-Match` has it."}, **problems(401, 404, 429, 503)},
    openapi_extra={"parameters": [WAIT_PARAMETER]},
)
async def get_video(video_id: str, request: Request, identity: Reader, context: ContextDep) -> Response:
    """Return the video; with `Prefer: wait=N` as soon as it differs from `If-None-Match`, or from now."""
    job = await context.store.get(video_id, identity.tenant)
    wait_s = preferred_wait_s(request, context.settings.limits.max_wait_s)
    known = request.headers.get("if-none-match")
    if job is not None and wait_s and (known is None or is_known(known, etag_of(job))):
        with context.waits.hold(identity.tenant):
            job = await while_client_stays(request, wait_for_change(context.store, job, wait_s))
    if job is None:
        raise video_not_found(video_id)
    answer = await video_answer(context, job, waited_s=wait_s)
    if not is_known(known, etag_of(job)):
        return answer
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
    return Response(status_code=304, headers=headers)


@router.get(
    "/v1/videos",
    summary="Your videos, a page at a time",
    response_model=VideoList,
    responses=problems(401, 404, 422, 429, 503),
    openapi_extra={"parameters": [METADATA_PARAMETER]},
)
async def list_videos(
    request: Request,
    identity: Reader,
    context: ContextDep,
    after: Annotated[str | None, Query(description="Id of the last video of the page before.")] = None,
    before: Annotated[str | None, Query(description="Id of the first video of the page after.")] = None,
    limit: Annotated[WholeNumber, Query(ge=1, le=100)] = 20,
    order: Annotated[Literal["asc", "desc"], Query(description="By creation time.")] = "desc",
    status: Annotated[JobStatus | None, Query()] = None,
) -> JSONResponse:
    """Return videos strictly after (before) the cursor; a cursor may have been deleted since."""
    metadata = wanted_metadata(request)
    is_search = status is not None or metadata
    try:
        async with context.searches.of(identity.tenant) if is_search else nullcontext():
            page = await context.store.list_jobs(
                identity.tenant, limit=limit, after=after, before=before, newest_first=order == "desc", status=status,
                metadata=metadata,
            )  # fmt: skip
    except UnknownCursor as error:
        raise RequestRefused("video_not_found", str(error), param="after" if after else "before") from error
    outlooks = [await context.estimates.of(job) for job in page.jobs]
    videos = [to_video_object(job, look.eta_seconds) for job, look in zip(page.jobs, outlooks, strict=True)]
    return JSONResponse(list_of(videos, has_more=page.has_more))


def wanted_metadata(request: Request) -> dict[str, str]:
    """Return the `metadata[k]=v` of a list request.

    Raises:
        RequestRefused: 422, a parameter is unknown: a filter that is silently ignored lists too much.
    """
    found: dict[str, str] = {}
    unknown: list[Finding] = []
    for name, value in request.query_params.multi_items():
        match = METADATA.fullmatch(name)
        if match is not None:
            found[match[1]] = value
        elif name not in LIST_FIELDS:
            unknown.append(Finding("unknown_field", f"there is no parameter {name[:64]!r}", name[:64]))
    if unknown:
        raise invalid_fields(tuple(unknown))
    return found

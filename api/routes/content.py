"""The result files of a job: streamed through the API, or by a presigned URL where the store can sign."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from api.content import Variant
from api.dependencies import Caller, ContextDep, Reader
from api.errors import RequestRefused, video_not_found
from api.previews import answer_preview
from api.schemas import problems
from jobs.errors import RangeNotSatisfiable
from jobs.job import Job, JobStatus

router = APIRouter(tags=["videos"])

BYTES = {"schema": {"type": "string", "format": "binary"}}
KINDS = {
    "video/mp4": BYTES,
    "image/jpeg": BYTES,
    "application/octet-stream": BYTES,
    "text/vtt": {"schema": {"type": "string"}},
    "application/json": {"schema": {"type": "object"}},
}
FILE = {
    "description": "The file, with `ETag`, `Repr-Digest` and `Accept-Ranges`; a preview has none of them and grows.",
    "content": KINDS,
}
PART = {"description": "The bytes of `Range`.", "content": dict.fromkeys(KINDS, BYTES)}
WhichVariant = Annotated[Variant, Query(description="`preview`: the video while it is rendered, and a while longer.")]


async def hold_readers_place(
    identity: Caller, context: ContextDep, variant: WhichVariant = Variant.VIDEO
) -> AsyncIterator[None]:
    """Hold one of the places of those who wait for as long as a preview is read.

    Raises:
        RequestRefused: 429 or 503.
    """
    with context.waits.hold(identity.tenant) if variant is Variant.PREVIEW else nullcontext():
        yield


@router.head("/v1/videos/{video_id}/content", include_in_schema=False)
@router.get(
    "/v1/videos/{video_id}/content",
    summary="Download a result",
    response_class=Response,
    dependencies=[Depends(hold_readers_place)],
    responses={
        200: FILE,
        206: PART,
        304: {"description": "As `If-None-Match` has it."},
        307: {"description": "To a presigned URL, for `redirect=1` where the store can sign."},
        **problems(401, 404, 410, 416, 422, 429, 503),
    },
)
async def get_content(
    video_id: str,
    request: Request,
    identity: Reader,
    context: ContextDep,
    variant: WhichVariant = Variant.VIDEO,
    redirect: Annotated[Literal["0", "1"], Query(description="`1`: answer 307 where the store can sign.")] = "0",
) -> Response:
    """Send a file of a completed video, whole or the range asked for; or the preview as it grows."""
    job = await context.store.get(video_id, identity.tenant)
    if job is None:
        raise video_not_found(video_id)
    if variant is Variant.PREVIEW:
        return await answer_preview(context, request, job)
    key = result_key_of(job, variant)
    name = f"{job.id}-{variant.value}"
    if redirect == "1":
        url = await context.shelf.presign(key, context.settings.storage.presign_s, name)
        if url is not None:
            return RedirectResponse(url, 307, {"Cache-Control": "no-store"})
    content = await context.shelf.find(key, name)
    try:
        return context.shelf.answer(content, request.method, request.headers)
    except RangeNotSatisfiable as error:
        headers = {"Content-Range": f"bytes */{content.facts.num_bytes}"}
        raise RequestRefused("range_not_satisfiable", str(error), headers=headers) from error


def result_key_of(job: Job, variant: Variant) -> str:
    """Return the storage key of a result.

    Raises:
        RequestRefused: 404, not ready or no such variant; 410, expired.
    """
    if job.status is JobStatus.EXPIRED:
        raise RequestRefused("content_expired", f"the content of {job.id} has expired")
    if job.status is not JobStatus.COMPLETED:
        raise RequestRefused("content_not_ready", f"{job.id} is {job.status.value}; it has no content")
    if variant.value not in job.results:
        why = " (until=poses)" if job.request.options.ends_with_poses else ""
        detail = f"{job.id} has no {variant.value}{why}; it has {', '.join(job.results)}"
        raise RequestRefused("variant_not_found", detail)
    return job.results[variant.value]

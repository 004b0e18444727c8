"""Ending jobs: cancel keeps the record, delete leaves nothing."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.answers import video_answer
from api.dependencies import ContextDep, Reader
from api.errors import video_not_found
from api.schemas import Video, VideoDeleted, problems
from jobs.queue import ring_housekeeping

router = APIRouter(tags=["videos"])


@router.post(
    "/v1/videos/{video_id}/cancel",
    summary="Cancel a video",
    response_model=Video,
    responses={
        202: {"model": Video, "description": "It runs; its worker stops within one denoising step and 2 s."},
        **problems(401, 404, 429, 503),
    },
)
async def cancel_video(video_id: str, identity: Reader, context: ContextDep) -> JSONResponse:
    """Cancel at once while queued, soon while running; a video that has ended stays as it is. Idempotent."""
    job = await context.store.cancel(video_id, identity.tenant)
    if job is None:
        raise video_not_found(video_id)
    return await video_answer(context, job, 200 if job.status.is_terminal else 202)


@router.delete(
    "/v1/videos/{video_id}",
    summary="Delete a video, its inputs and its results",
    response_model=VideoDeleted,
    responses=problems(401, 404, 429, 503),
)
async def delete_video(video_id: str, identity: Reader, context: ContextDep) -> JSONResponse:
    """Cancel if it is live, and delete record, inputs and results; the objects are gone within 60 s."""
    if not await context.store.delete(video_id, identity.tenant, context.settings.leases.lease_s):
        raise video_not_found(video_id)
    context.bells.ring(ring_housekeeping)
    return JSONResponse({"id": video_id, "object": "video.deleted", "deleted": True})

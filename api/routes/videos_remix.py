"""A new video from the inputs of another."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.answers import created_answer
from api.create_call import REMIX_ROUTE, read_call
from api.create_schema import IDEMPOTENCY_KEY, REMIX_BODY
from api.dependencies import ContextDep, Creator
from api.errors import video_not_found
from api.remix import read_changes, remix
from api.schemas import Video, VideoList, problems

router = APIRouter(tags=["videos"])


@router.post(
    "/v1/videos/{video_id}/remix",
    summary="Make a variation of a video",
    status_code=202,
    response_model=Video | VideoList,
    responses=problems(400, 401, 404, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra={"requestBody": REMIX_BODY, "parameters": [IDEMPOTENCY_KEY]},
)
async def remix_video(video_id: str, request: Request, caller: Creator, context: ContextDep) -> JSONResponse:
    """Queue a video from the same inputs; fields that are sent replace those of the source, and so does `image`."""
    call = read_call(request, REMIX_ROUTE)
    source = await context.store.get(video_id, caller.tenant)
    if source is None:
        raise video_not_found(video_id)
    async with read_changes(context, request) as upload:
        submitted = await remix(context, caller, source, upload, call)
    request.state.job_id = submitted.jobs[0].id
    return await created_answer(context, submitted)

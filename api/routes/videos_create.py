"""Creating a job, and looking at inputs without creating one."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from api.answers import created_answer, preferred_wait_s
from api.create_call import read_call
from api.create_schema import CREATE_BODY, CREATE_HEADERS
from api.dependencies import ContextDep, Creator, Validator
from api.errors import video_not_found
from api.following import wait_for_end, while_client_stays
from api.preflight import PreflightAnswer
from api.schemas import ValidationReport, Video, VideoList, problems
from api.submission import submit, validate
from api.uploads import create_parts

router = APIRouter(tags=["videos"])

REFUSALS = (400, 401, 403, 408, 413, 415, 422, 429, 503)


@router.post(
    "/v1/videos",
    summary="Create a video",
    status_code=202,
    response_model=Video | VideoList,
    responses={
        200: {"description": "It ended within `Prefer: wait=N`.", "model": Video},
        **problems(*REFUSALS, 409),
    },
    openapi_extra={"requestBody": CREATE_BODY, "parameters": CREATE_HEADERS},
)
async def create_video(request: Request, caller: Creator, context: ContextDep) -> Response:
    """Queue a video of the person in `image` speaking `audio`; 202 with the video object, or for `n` a list of them."""
    call, limits = read_call(request), context.settings.limits
    async with context.uploads.receive(request, create_parts(limits)) as upload:
        submitted = await submit(context, caller, upload, call)
    job, wait_s = submitted.jobs[0], preferred_wait_s(request, limits.max_wait_s)
    request.state.job_id = job.id
    if submitted.is_list:
        return await created_answer(context, submitted)  # who waits, waits for each by its own
    if wait_s and context.waits.refusal(caller.tenant) is not None:
        wait_s = None  # the job is made: without a place to wait it is told at once
    if wait_s:
        with context.waits.hold(caller.tenant):
            ended = await while_client_stays(request, wait_for_end(context.store, job, wait_s))
        if ended is None:
            raise video_not_found(job.id)
        submitted = replace(submitted, jobs=(ended,))
    status = 200 if wait_s and submitted.jobs[0].status.is_terminal else 202
    return await created_answer(context, submitted, status, waited_s=wait_s)


@router.post(
    "/v1/videos/validate",
    summary="Look at inputs without creating a video",
    response_model=ValidationReport,
    responses=problems(*REFUSALS),
    openapi_extra={"requestBody": CREATE_BODY},
)
async def validate_video(
    request: Request,
    caller: Validator,
    context: ContextDep,
    looks: Annotated[bool, Query(description="`true`: also `picture` and `waveform`, as they were decoded.")] = False,
) -> JSONResponse:
    """Say what is wrong with the inputs, and what would be made of them; nothing is kept."""
    async with context.uploads.receive(request, create_parts(context.settings.limits)) as upload:
        seen = await validate(context, caller.tenant, upload, looks=looks)
    return JSONResponse(report_of(seen))


def report_of(seen: PreflightAnswer) -> dict[str, Any]:
    """Return the validation report."""
    findings = [finding.as_finding() for finding in seen.findings]
    return {
        "object": "video.validation",
        "valid": not findings,
        "findings": [{"pointer": each.pointer, "code": each.code, "detail": each.message} for each in findings],
        **seen.model_dump(mode="json", exclude={"findings"}),
    }

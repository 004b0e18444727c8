"""Reading the provenance mark of an uploaded MP4: on the preflight queue, never in this process."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from api.content_kinds import VIDEOS
from api.dependencies import Context, ContextDep, Validator
from api.errors import Finding, RequestRefused, invalid_fields
from api.multipart import FilePart
from api.preflight import answer_about
from api.schemas import problems
from api.service_schemas import VERIFY_BODY, Verification
from api.submission import discard_inputs, store_inputs
from jobs.job import input_key, new_job_id
from jobs.queue import PREFLIGHT_EXPIRES_S

router = APIRouter(tags=["service"])

MP4 = tuple(kind for kind in VIDEOS if kind.suffix == ".mp4")
_answer = TypeAdapter(dict[str, Any])


@router.post(
    "/v1/verify",
    summary="Read the provenance mark of a video",
    response_model=Verification,
    responses=problems(400, 401, 408, 413, 415, 422, 429, 503),
    openapi_extra={"requestBody": VERIFY_BODY},
)
async def verify_video(request: Request, caller: Validator, context: ContextDep) -> JSONResponse:
    """Say whether `video` carries a C2PA mark, whether its bytes are those that were signed, and what it tells."""
    parts = {"video": FilePart(MP4, context.settings.limits.max_driving_video_bytes)}
    # Under a job's prefix, so that housekeeping finds what a killed process leaves.
    question_id = new_job_id()
    key = input_key(question_id, "video", MP4[0].suffix)
    async with context.uploads.receive(request, parts) as upload:
        refuse_all_but_a_video(upload.fields, has_video="video" in upload.files)
        try:
            await store_inputs(context.storage, {"video": key}, upload.files)
            answer = await ask(context, question_id, caller.tenant, key)
        finally:
            await discard_inputs(context, question_id)
    if "verdict" not in answer:
        message = str(answer.get("error", "the video cannot be read"))
        raise invalid_fields((Finding("video_unreadable", message, "video"),))
    return JSONResponse({"object": "verification", **answer})


async def ask(context: Context, question_id: str, tenant: str, key: str) -> dict[str, Any]:
    """Return the preflight worker's answer.

    Raises:
        RequestRefused: 503, nobody answered.
        StoreUnavailable
    """
    answer = await answer_about(context, question_id, tenant, {"video": key}, PREFLIGHT_EXPIRES_S)
    if answer is None:
        raise RequestRefused("preflight_unavailable", "no preflight worker answered", headers={"Retry-After": "5"})
    return _answer.validate_json(answer)


def refuse_all_but_a_video(fields: tuple[tuple[str, str], ...], *, has_video: bool) -> None:
    """Check that the body is one file.

    Raises:
        RequestRefused: 422.
    """
    findings = [Finding("unknown_field", f"there is no field {name[:64]!r}", name[:64]) for name, _ in fields]
    if not has_video:
        findings.append(Finding("missing_field", "video: a file is required", "video"))
    if findings:
        raise invalid_fields(tuple(findings))

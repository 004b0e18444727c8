"""What answers look like, for OpenAPI: the video object, lists, problems, the validation report."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VIDEO_EXAMPLE: dict[str, Any] = {
    "id": "video_01KD3V7Q4R8W2X5Y6Z9A0B1C2D", "object": "video", "model": "mmgt-512", "status": "in_progress",
    "progress": 42, "created_at": 1793000000, "started_at": 1793000009, "completed_at": None, "expires_at": None,
    "size": "512x512", "seconds": "3.2", "fps": 25, "seed": 1234, "prompt": None, "remixed_from_video_id": None,
    "error": None,
    "progress_detail": {
        "stage": "video_diffusion", "segment": 1, "segments": 1, "step": 17, "steps": 30, "preview": False,
        "queue_position": None, "eta_seconds": 31, "updated_at": 1793000041,
    },
    "attempt": 1, "cancel_requested_at": None, "metadata": {"scene": "intro"},
    "warnings": [{"code": "image_recropped", "message": "the image was cropped to a square around the person"}],
    "usage": {"queue_seconds": 9.1, "gpu_seconds": None},
}  # fmt: skip

PROBLEM_EXAMPLE: dict[str, Any] = {
    "type": "https://mmgt.invalid/problems/audio-too-long", "title": "Audio too long", "status": 422,
    "detail": "612.0 s exceeds 600 s",
    "errors": [{"pointer": "/audio", "code": "audio_too_long", "detail": "612.0 s exceeds 600 s"}],
    "error": {
        "type": "invalid_request_error", "code": "audio_too_long", "message": "612.0 s exceeds 600 s", "param": "audio",
    },
}  # fmt: skip

VALIDATION_EXAMPLE: dict[str, Any] = {
    "object": "video.validation", "valid": True, "findings": [],
    "warnings": [{"code": "hands_out_of_frame", "message": "no hand is in the picture"}],
    "crop": "12,0,488,488", "frame": "12,0,488,488", "size": "512x512", "keypoints": None,
    "seconds": 11.0, "num_frames": 275, "segments": 4, "estimate_s": 140.0,
}  # fmt: skip

VideoStatus = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
UnixSeconds = Annotated[int, Field(description="Seconds since 1970.")]


class VideoError(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    param: str | None
    retryable: bool
    stage: str | None
    attempt: int


class ProgressDetail(BaseModel):
    """How far the current attempt is."""

    stage: str | None
    segment: int | None
    segments: int | None
    step: int | None
    steps: int | None
    preview: Annotated[bool, Field(description="Whether `variant=preview` can be opened now.")]
    queue_position: int | None
    eta_seconds: int | None
    updated_at: UnixSeconds


class Warned(BaseModel):
    """Something that did not stop the job."""

    code: str
    message: str


class Usage(BaseModel):
    """Seconds waited and rendered."""

    queue_seconds: float | None
    gpu_seconds: float | None


class Video(BaseModel):
    """The video object."""

    model_config = ConfigDict(json_schema_extra={"example": VIDEO_EXAMPLE})

    id: str
    object: Literal["video"]
    model: str
    status: VideoStatus
    progress: Annotated[int, Field(ge=0, le=100)]
    created_at: UnixSeconds
    started_at: UnixSeconds | None
    completed_at: UnixSeconds | None
    expires_at: UnixSeconds | None
    size: str
    seconds: str | None
    fps: int
    seed: int
    prompt: str | None
    remixed_from_video_id: str | None
    error: VideoError | None
    progress_detail: ProgressDetail
    attempt: int
    cancel_requested_at: UnixSeconds | None
    metadata: dict[str, str]
    warnings: list[Warned]
    usage: Usage


class VideoList(BaseModel):
    """A page of videos."""

    object: Literal["list"]
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class VideoDeleted(BaseModel):
    """The answer to a deletion."""

    id: str
    object: Literal["video.deleted"]
    deleted: Literal[True]


class FindingBody(BaseModel):
    """One thing that is wrong."""

    pointer: str
    code: str
    detail: str


class OpenAIError(BaseModel):
    """What OpenAI's SDK reads of an error."""

    type: str
    code: str
    message: str
    param: str | None


class ProblemBody(BaseModel):
    """RFC 9457 problem, with OpenAI's error object inside."""

    model_config = ConfigDict(json_schema_extra={"example": PROBLEM_EXAMPLE})

    type: str
    title: str
    status: int
    detail: str
    errors: list[FindingBody]
    error: OpenAIError


class ShownPictureBody(BaseModel):
    """The image as the server decoded it."""

    width: int
    height: int
    url: Annotated[str, Field(description="A JPEG of at most 768 pixels a side, as a data URL.")]


class ValidationReport(BaseModel):
    """What preflight found in the inputs; no job was made."""

    model_config = ConfigDict(json_schema_extra={"example": VALIDATION_EXAMPLE})

    object: Literal["video.validation"] = "video.validation"
    valid: bool
    findings: list[FindingBody]
    warnings: list[Warned]
    crop: str | None = Field(description="x,y,w,h in pixels of the image after EXIF rotation.")
    frame: str | None = Field(description="What the video shows, likewise; null where the image is turned first.")
    size: str | None = Field(description="Width x height of the video.")
    keypoints: list[tuple[float, float, float]] | None = Field(
        description="134 points: x, y in pixels of the 512 canvas, confidence."
    )
    seconds: float | None
    num_frames: int | None
    segments: int | None = Field(description="Stage-1 segments of 3.2 s.")
    estimate_s: float | None = Field(description="Expected render time in seconds.")
    picture: ShownPictureBody | None = Field(None, description="With `looks=true`.")
    waveform: list[float] | None = Field(None, description="With `looks=true`: up to 400 peaks of the sound, 0 to 1.")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route for these statuses, all of them problems."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": PROBLEM_MEANINGS[status], "content": content} for status in statuses}


PROBLEM_MEANINGS = {
    400: "Malformed request.",
    401: "No key, or a wrong one.",
    403: "Not allowed: scope, or cross-site on a keyless server.",
    404: "There is none: never was, deleted, or another tenant's.",
    405: "Method not allowed.",
    408: "The upload was too slow.",
    409: "In conflict with the current state.",
    410: "Expired.",
    413: "Too large.",
    415: "Unsupported media type, decided by content.",
    416: "Range not satisfiable.",
    422: "Understood, but wrong: `errors` names every field.",
    429: "Too many requests, jobs, uploads or waiting clients.",
    503: "Try again after `Retry-After`.",
}

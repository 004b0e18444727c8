"""What the service answers, as it comes. Written by `make clients` from our OpenAPI; not by hand."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class FindingBody(TypedDict):
    """One thing that is wrong."""

    pointer: str
    code: str
    detail: str


JobStatus: TypeAlias = Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]


class Liveness(TypedDict):
    """The event loop turns."""

    status: Literal["ok"]


class MarkBody(TypedDict):
    """What the provenance mark of a file says; without a mark every other fact is empty."""

    is_present: bool
    is_valid: bool
    is_trusted: bool
    signer: str | None
    generator: str | None
    created_at: str | None
    is_ai_generated: bool
    problems: list[str]


class ModelBody(TypedDict):
    """A preset that render workers have loaded, with its limits."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    size: str
    fps: int
    qualities: list[str]
    default_quality: NotRequired[str | None]


class ModelList(TypedDict):
    """Every model."""

    object: Literal["list"]
    data: list[ModelBody]


class PlaceBody(TypedDict):
    """A waiting video and its place; 1 is the next one."""

    id: str
    tenant: str | None
    priority: Literal["interactive", "batch"]
    queue_position: int
    eta_seconds: int | None


class ProgressDetail(TypedDict):
    """How far the current attempt is."""

    stage: str | None
    segment: int | None
    segments: int | None
    step: int | None
    steps: int | None
    preview: bool
    queue_position: int | None
    eta_seconds: int | None
    updated_at: int


class RateBody(TypedDict):
    """Calls allowed in a moving window."""

    limit: int
    window_seconds: int


class Readiness(TypedDict):
    """Whether work can be taken."""

    status: Literal["ok", "degraded"]
    checks: dict[str, str]


class ShownPictureBody(TypedDict):
    """The image as the server decoded it."""

    width: int
    height: int
    url: str


class TryBody(TypedDict):
    """One try of a delivery."""

    at: str
    status_code: int | None
    error: str | None
    duration_ms: int


class Usage(TypedDict):
    """Seconds waited and rendered."""

    queue_seconds: float | None
    gpu_seconds: float | None


Variant: TypeAlias = Literal[
    "video", "thumbnail", "pose", "masks", "keypoints", "captions", "manifest", "matte", "transparent", "preview"
]


class Verification(TypedDict):
    """Whether a file has a mark, and whether it fits the bytes."""

    object: Literal["verification"]
    verdict: Literal["valid", "invalid", "absent"]
    details: MarkBody


class VideoDeleted(TypedDict):
    """The answer to a deletion."""

    id: str
    object: Literal["video.deleted"]
    deleted: Literal[True]


class VideoError(TypedDict):
    """Why a job failed."""

    code: str
    message: str
    param: str | None
    retryable: bool
    stage: str | None
    attempt: int


class VoiceBody(TypedDict):
    """A voice for `text`."""

    id: str
    object: Literal["voice"]
    languages: list[str] | None


class VoiceList(TypedDict):
    """Who speaks `text` here, and how it can be asked to."""

    object: Literal["list"]
    speaker: Literal["server", "espeak"] | None
    default_voice: str | None
    languages: list[str]
    data: list[VoiceBody]


class Warned(TypedDict):
    """Something that did not stop the job."""

    code: str
    message: str


class WorkerBody(TypedDict):
    """A live worker."""

    name: str
    queues: list[str]
    is_ready: bool
    models: list[str]
    device: str
    video_id: str | None
    seen_at: int


class OpenAIError(TypedDict):
    """What OpenAI's SDK reads of an error."""

    type: str
    code: str
    message: str
    param: str | None


class ProblemBody(TypedDict):
    """RFC 9457 problem, with OpenAI's error object inside."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FindingBody]
    error: OpenAIError


class ClassBody(TypedDict):
    """The queue of one model."""

    model: str
    waiting_interactive: int
    waiting_batch: int
    running: int
    own_waiting: int
    own_running: int
    workers: int
    estimated_wait_seconds: int | None
    places: list[PlaceBody]


class DeliveryBody(TypedDict):
    """One event for one receiver."""

    id: str
    object: Literal["webhook.delivery"]
    video_id: str
    type: str
    state: Literal["pending", "delivered", "exhausted", "dropped"]
    created_at: int
    next_at: int | None
    num_tries: int
    tries: list[TryBody]


class DeliveryList(TypedDict):
    """The webhook log of a video."""

    object: Literal["list"]
    data: list[DeliveryBody]


class LimitsBody(TypedDict):
    """What the caller may do, how often and how much."""

    object: Literal["limits"]
    tenant: str
    scope: Literal["user", "operator"]
    active_videos: int
    max_active_videos: int
    rates: dict[str, RateBody]
    uploads: dict[str, int | float]


class QueueBody(TypedDict):
    """The queue as a whole."""

    object: Literal["queue"]
    waiting: int
    running: int
    data: list[ClassBody]
    status_counts: dict[str, int] | None
    workers: list[WorkerBody] | None


class ValidationReport(TypedDict):
    """What preflight found in the inputs; no job was made."""

    object: NotRequired[Literal["video.validation"]]
    valid: bool
    findings: list[FindingBody]
    warnings: list[Warned]
    crop: str | None
    frame: str | None
    size: str | None
    keypoints: list[tuple[float, float, float]] | None
    seconds: float | None
    num_frames: int | None
    segments: int | None
    estimate_s: float | None
    picture: NotRequired[ShownPictureBody | None]
    waveform: NotRequired[list[float] | None]


class Video(TypedDict):
    """The video object."""

    id: str
    object: Literal["video"]
    model: str
    status: Literal["queued", "in_progress", "completed", "failed", "cancelled", "expired"]
    progress: int
    created_at: int
    started_at: int | None
    completed_at: int | None
    expires_at: int | None
    size: str
    seconds: str | None
    fps: int
    seed: int
    prompt: str | None
    remixed_from_video_id: str | None
    error: VideoError | None
    progress_detail: ProgressDetail
    attempt: int
    cancel_requested_at: int | None
    metadata: dict[str, str]
    warnings: list[Warned]
    usage: Usage


class VideoList(TypedDict):
    """A page of videos."""

    object: Literal["list"]
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool

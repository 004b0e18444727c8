"""What answers about the service look like, for OpenAPI: models, queue, limits, webhook log, readiness."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VERIFY_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"video": {"type": "string", "format": "binary", "description": "An MP4."}},
                "required": ["video"],
                "additionalProperties": False,
            }
        }
    },
}


class ModelBody(BaseModel):
    """A preset that render workers have loaded, with its limits."""

    model_config = ConfigDict(extra="allow")  # a worker may tell more

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    size: str
    fps: int
    qualities: Annotated[list[str], Field(description="Best first.")]
    default_quality: Annotated[str | None, Field(description="Where a request names none.")] = None


class ModelList(BaseModel):
    """Every model."""

    object: Literal["list"]
    data: list[ModelBody]


class VoiceBody(BaseModel):
    """A voice for `text`."""

    id: str
    object: Literal["voice"]
    languages: Annotated[list[str] | None, Field(description="None: all that there are, or nobody knows.")]


class VoiceList(BaseModel):
    """Who speaks `text` here, and how it can be asked to."""

    object: Literal["list"]
    speaker: Annotated[Literal["server", "espeak"] | None, Field(description="None: `text` is refused here.")]
    default_voice: str | None
    languages: Annotated[list[str], Field(description="Tags in lower case; empty: nobody knows them, any may do.")]
    data: Annotated[list[VoiceBody], Field(description="Empty: nobody knows them, any may do.")]


class PlaceBody(BaseModel):
    """A waiting video and its place; 1 is the next one."""

    id: str
    tenant: Annotated[str | None, Field(description="Told to operators only.")]
    priority: Literal["interactive", "batch"]
    queue_position: int
    eta_seconds: int | None


class ClassBody(BaseModel):
    """The queue of one model."""

    model: str
    waiting_interactive: int
    waiting_batch: int
    running: int
    own_waiting: int
    own_running: int
    workers: Annotated[int, Field(description="Live render workers.")]
    estimated_wait_seconds: Annotated[int | None, Field(description="Until a video created now would start.")]
    places: Annotated[list[PlaceBody], Field(description="Your waiting videos; an operator's list has everybody's.")]


class WorkerBody(BaseModel):
    """A live worker."""

    name: str
    queues: list[str]
    is_ready: bool
    models: list[str]
    device: str
    video_id: str | None
    seen_at: int


class QueueBody(BaseModel):
    """The queue as a whole."""

    object: Literal["queue"]
    waiting: int
    running: int
    data: list[ClassBody]
    status_counts: Annotated[dict[str, int] | None, Field(description="Records by status, for operators.")]
    workers: Annotated[list[WorkerBody] | None, Field(description="For operators.")]


class RateBody(BaseModel):
    """Calls allowed in a moving window."""

    limit: int
    window_seconds: int


class LimitsBody(BaseModel):
    """What the caller may do, how often and how much."""

    object: Literal["limits"]
    tenant: str
    scope: Literal["user", "operator"]
    active_videos: int
    max_active_videos: int
    rates: dict[str, RateBody]
    uploads: Annotated[dict[str, int | float], Field(description="Limits of files and fields, unit in the name.")]


class TryBody(BaseModel):
    """One try of a delivery."""

    at: str
    status_code: int | None
    error: str | None
    duration_ms: int


class DeliveryBody(BaseModel):
    """One event for one receiver."""

    id: Annotated[str, Field(description="The webhook-id, the same over all tries.")]
    object: Literal["webhook.delivery"]
    video_id: str
    type: str
    state: Literal["pending", "delivered", "exhausted", "dropped"]
    created_at: int
    next_at: int | None
    num_tries: int
    tries: list[TryBody]


class DeliveryList(BaseModel):
    """The webhook log of a video."""

    object: Literal["list"]
    data: list[DeliveryBody]


class MarkBody(BaseModel):
    """What the provenance mark of a file says; without a mark every other fact is empty."""

    is_present: bool
    is_valid: Annotated[bool, Field(description="The bytes are those that were signed.")]
    is_trusted: Annotated[bool, Field(description="Valid, and signed by this service's own identity.")]
    signer: str | None
    generator: str | None
    created_at: str | None
    is_ai_generated: bool
    problems: list[str]


class Verification(BaseModel):
    """Whether a file has a mark, and whether it fits the bytes."""

    object: Literal["verification"]
    verdict: Literal["valid", "invalid", "absent"]
    details: MarkBody


class Liveness(BaseModel):
    """The event loop turns."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """Whether work can be taken."""

    status: Literal["ok", "degraded"]
    checks: dict[str, str]

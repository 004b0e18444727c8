"""The job: the durable record of one wanted video, its states, and which state may follow which."""

import secrets
import time
from dataclasses import dataclass, field
from enum import StrEnum

POSES_SIZE = "512x512"  # of drawn poses, whatever a model's video has
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # base 32 without letters that read alike


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        """True when no worker will touch the job again."""
        return self not in (JobStatus.QUEUED, JobStatus.IN_PROGRESS)


TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.IN_PROGRESS, JobStatus.CANCELLED, JobStatus.FAILED}),
    JobStatus.IN_PROGRESS: frozenset(
        {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.QUEUED}  # queued: lost or drained
    ),
    JobStatus.COMPLETED: frozenset({JobStatus.EXPIRED}),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
    JobStatus.EXPIRED: frozenset(),
}


class Priority(StrEnum):
    """Interactive jobs are claimed before batch jobs of the same class."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class ErrorCode(StrEnum):
    """Why a job failed; the closed set of the contract."""

    AUDIO_UNREADABLE = "audio_unreadable"
    AUDIO_TOO_SHORT = "audio_too_short"
    AUDIO_TOO_LONG = "audio_too_long"
    AUDIO_SILENT = "audio_silent"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_TOO_SMALL = "image_too_small"
    IMAGE_NO_PERSON = "image_no_person"
    IMAGE_MULTIPLE_PEOPLE = "image_multiple_people"
    BACKDROP_IMAGE_UNREADABLE = "backdrop_image_unreadable"
    DRIVING_VIDEO_UNREADABLE = "driving_video_unreadable"
    DRIVING_VIDEO_TOO_LONG = "driving_video_too_long"
    DRIVING_KEYPOINTS_INVALID = "driving_keypoints_invalid"
    CAPTIONS_FILE_UNREADABLE = "captions_file_unreadable"
    TRANSCRIPT_TOO_LONG = "transcript_too_long"
    SPEECH_UNAVAILABLE = "speech_unavailable"
    GPU_OUT_OF_MEMORY = "gpu_out_of_memory"
    GPU_FAULT = "gpu_fault"
    WORKER_LOST = "worker_lost"
    QUEUE_TTL_EXCEEDED = "queue_ttl_exceeded"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True)
class Failure:
    """Why a job ended without a video.

    Attributes:
        code: one of the contract's codes.
        message: one sentence for the client, with the number.
        param: the create field at fault, if one is.
        retryable: whether the same request may succeed later.
        stage: the pipeline stage it happened in, if any.
        attempt: the attempt it happened in; 0 when no worker ever had the job.
    """

    code: ErrorCode
    message: str
    param: str | None = None
    retryable: bool = False
    stage: str | None = None
    attempt: int = 0


@dataclass(frozen=True)
class Notice:
    """A warning told to the client: a code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class JobOptions:
    """What the client may choose about the rendering; None is the mode's own default, of lips that of the files."""

    seed: int
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    quality: str | None = None
    face_hands_weight: float = 1.0
    lips_weight: float = 2.0
    background_weight: float = 1.0
    crop: str = "auto"
    framing: str = "square"
    backdrop: str = "keep"
    gesture_strength: float = 1.0
    head_strength: float = 1.0
    smoothing: float = 0.0
    loop: bool = False
    start_pose: str = "off"
    lips: str | None = None
    allow_silence: bool = False
    captions: str = "off"
    until: str = "video"

    @property
    def ends_with_poses(self) -> bool:
        """True when there is to be no video."""
        return self.until == "poses"

    @property
    def pace(self) -> str:
        """Among which jobs of its class its render time is reckoned: those of its quality mode, or poses alone."""
        return self.until if self.ends_with_poses else self.quality or ""


@dataclass(frozen=True)
class JobRequest:
    """What was asked for: written once at creation, never changed.

    Attributes:
        id: `video_` and 26 letters; made before the upload, because the storage keys hold it.
        tenant: whose job; every query is filtered by it.
        model: the preset's name.
        queue_class: which workers can do it; their queue is `video.<queue_class>`.
        inputs: storage key by field name: `image`, `audio`, `driving_video`, `driving_keypoints`,
            `backdrop_image`; `poses` made before.
        text: what is spoken instead of a recording; `audio` is then where the first attempt keeps the speech.
        voice, language: how `text` is spoken, as asked for; None: the server's choice.
        transcript: what is said in a recording, for its captions; `language` is then of it.
        size: width x height in pixels, as known at creation.
        seconds: length of the result as known at creation, with `text` an estimate; None when preflight gave no answer.
        fps: frames per second of the result.
        fingerprint: SHA-256 over fields and files, for idempotency.
        metadata: the client's own pairs.
        webhook_url: where to tell; None for nowhere.
        webhook_events: event types to tell.
        expires_after_s: how long the result is kept after completion, seconds.
        queue_ttl_s: how long it may wait in the queue, seconds.
        estimate_s: expected render time in seconds, for lease-independent limits and the queue's estimate.
        consented_at_ms: when the client said that the person shown agreed, ms since 1970; None if it did not.
        request_id: of the create call; in logs, webhooks and the manifest.
        traceparent: W3C trace context of the create call.
    """

    id: str
    tenant: str
    model: str
    queue_class: str
    options: JobOptions
    inputs: dict[str, str]
    size: str
    fps: int
    fingerprint: str
    seconds: float | None = None
    priority: Priority = Priority.INTERACTIVE
    metadata: dict[str, str] = field(default_factory=dict)
    prompt: str | None = None
    text: str | None = None
    voice: str | None = None
    language: str | None = None
    transcript: str | None = None
    webhook_url: str | None = None
    webhook_events: tuple[str, ...] = ("video.completed", "video.failed", "video.cancelled")
    expires_after_s: int = 7 * 86400
    queue_ttl_s: int = 86400
    estimate_s: float | None = None
    remixed_from_video_id: str | None = None
    consented_at_ms: int | None = None
    warnings: tuple[Notice, ...] = ()
    request_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far an attempt is.

    Attributes:
        percent: 0..99; 100 comes only with completion, and it never falls within an attempt.
        stage: name of the pipeline stage.
        segment, segments: which of how many 3.2 s segments; 0 where a stage has none.
        step, steps: which of how many steps within the stage's unit.
        eta_seconds: remaining time, if it can be told.
    """

    percent: int
    stage: str
    segment: int = 0
    segments: int = 0
    step: int = 0
    steps: int = 0
    eta_seconds: float | None = None


class PreviewEnd(StrEnum):
    """How a preview stopped growing."""

    WHOLE = "whole"  # every frame is in it
    DROPPED = "dropped"  # given up; the video itself goes on


@dataclass(frozen=True)
class Preview:
    """What can be played of an attempt while it is rendered, and a while longer: fragments 0 to num_fragments - 1.

    Attributes:
        end: None while it grows.
    """

    num_fragments: int
    end: PreviewEnd | None = None


@dataclass(frozen=True)
class Job:
    """A job as the store knows it now. Times are ms since 1970 by the store's clock.

    Attributes:
        request: what was asked for.
        version: raised by every change; the ETag.
        attempt: number of the current or last attempt, 0 before the first; the fencing token.
        lost_attempts: attempts that ended without release or result.
        started_at_ms: start of the current or last attempt.
        expires_at_ms: when the result is deleted; set at completion.
        cancel_requested_at_ms: when cancel came while the job ran.
        lease_expires_at_ms: until when the worker's claim holds; None unless in progress.
        worker: name of the worker of the current or last attempt.
        progress: of the current attempt; None while queued.
        preview: of the current or last attempt; None where there is none (yet, or any more).
        results: storage key by variant: `video`, `thumbnail`, `pose`, `masks`, `keypoints`, `manifest`.
        seconds: length of the result in seconds, as soon as somebody knows; an estimate until `text` is spoken.
        noted_size: width x height of the result, once a worker knows it.
        queue_seconds: wait from creation to the first claim.
        gpu_seconds: told at completion.
        inputs_expired: the inputs are gone (no remix).
        queue_position: 1 for the next one; None unless queued.
    """

    request: JobRequest
    status: JobStatus
    version: int
    created_at_ms: int
    updated_at_ms: int
    attempt: int = 0
    lost_attempts: int = 0
    started_at_ms: int | None = None
    completed_at_ms: int | None = None
    expires_at_ms: int | None = None
    cancel_requested_at_ms: int | None = None
    lease_expires_at_ms: int | None = None
    worker: str | None = None
    percent: int = 0
    progress: Progress | None = None
    failure: Failure | None = None
    preview: Preview | None = None
    results: dict[str, str] = field(default_factory=dict)
    warnings: tuple[Notice, ...] = ()
    seconds: float | None = None
    noted_size: str | None = None
    queue_seconds: float | None = None
    gpu_seconds: float | None = None
    inputs_expired: bool = False
    queue_position: int | None = None

    @property
    def id(self) -> str:
        """The public id."""
        return self.request.id

    @property
    def tenant(self) -> str:
        """Whose job it is."""
        return self.request.tenant

    @property
    def size(self) -> str:
        """Width x height of the result in pixels, as far as anybody knows."""
        return self.noted_size or self.request.size

    @property
    def has_preview(self) -> bool:
        """True when a preview can be opened now."""
        if self.preview is None or self.status not in (JobStatus.IN_PROGRESS, JobStatus.COMPLETED):
            return False
        return self.preview.num_fragments > 0 and self.preview.end is not PreviewEnd.DROPPED


def new_job_id() -> str:
    """Return `video_` and 26 letters of base 32: 48 bits of ms since 1970, 80 random bits; sorts by time."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "video_" + "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def job_prefix(job_id: str) -> str:
    """Return the storage prefix under which everything of a job lies."""
    return f"videos/{job_id}/"


def input_key(job_id: str, field_name: str, suffix: str) -> str:
    """Return the storage key of an input; `suffix` as decided by content, with its dot, never the client's name."""
    return f"{job_prefix(job_id)}inputs/{field_name}{suffix}"


def inputs_prefix(job_id: str) -> str:
    """Return the storage prefix of a job's inputs."""
    return f"{job_prefix(job_id)}inputs/"


def speech_key(job_id: str) -> str:
    """Return the storage key beside the speech that was made of a job's text: who spoke it, and its words in time."""
    return input_key(job_id, "speech", ".json")


def attempt_prefix(job_id: str, attempt: int) -> str:
    """Return the storage prefix of one attempt's results; a loser deletes its own."""
    return f"{job_prefix(job_id)}a{attempt}/"


def result_key(job_id: str, attempt: int, file_name: str) -> str:
    """Return the storage key of one result file of one attempt."""
    return attempt_prefix(job_id, attempt) + file_name


def preview_prefix(job_id: str, attempt: int) -> str:
    """Return the storage prefix of one attempt's preview."""
    return f"{attempt_prefix(job_id, attempt)}preview/"


def fragment_key(job_id: str, attempt: int, number: int) -> str:
    """Return the storage key of one fragment of a preview, counted from 0."""
    return f"{preview_prefix(job_id, attempt)}{number:05d}.mp4"

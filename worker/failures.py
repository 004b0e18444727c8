"""The table: which exception ends an attempt how, and what the client is told."""

from dataclasses import dataclass
from enum import StrEnum

from jobs.errors import ObjectNotFound, StorageUnavailable, StoreUnavailable
from jobs.job import ErrorCode, Failure
from mmgt_core.errors import InputError, SpeechUnavailable
from worker.errors import (
    AttemptLost,
    CancelRequested,
    GpuFault,
    GpuOutOfMemory,
    SandboxLost,
    SpeechTooLong,
    WorkerDraining,
)


class Remedy(StrEnum):
    """What is done about an attempt that ended without a video."""

    FAIL = "fail"  # the job ends with an error
    CANCEL = "cancel"  # the job ends as the client asked
    DISCARD = "discard"  # somebody else has the job: only throw away what was made
    RELEASE = "release"  # back to the queue, not counted among the lost attempts
    RETRY = "retry"  # back to the queue, counted
    RETRY_ELSEWHERE = "retry_elsewhere"  # back to the queue, counted, and this process ends
    LEAVE = "leave"  # nothing can be said; the lease ends by itself


@dataclass(frozen=True)
class Row:
    """One kind of exception; `code` is None where the job does not fail by it, or the exception brings its own."""

    kind: type[Exception]
    remedy: Remedy
    code: ErrorCode | None = None
    is_retryable: bool = False
    message: str | None = None  # None: the exception's own
    param: str | None = None


FAILURES = (
    Row(CancelRequested, Remedy.CANCEL),
    Row(AttemptLost, Remedy.DISCARD),
    Row(WorkerDraining, Remedy.RELEASE),
    Row(InputError, Remedy.FAIL),
    Row(SpeechTooLong, Remedy.FAIL, ErrorCode.AUDIO_TOO_LONG, param="text"),
    Row(SpeechUnavailable, Remedy.FAIL, ErrorCode.SPEECH_UNAVAILABLE, True),
    Row(GpuOutOfMemory, Remedy.FAIL, ErrorCode.GPU_OUT_OF_MEMORY, True, "the device's memory did not suffice, twice"),
    Row(GpuFault, Remedy.RETRY_ELSEWHERE, ErrorCode.GPU_FAULT, True, "the device failed"),
    Row(StorageUnavailable, Remedy.RETRY, ErrorCode.STORAGE_UNAVAILABLE, True, "the storage did not answer or is full"),
    Row(ObjectNotFound, Remedy.FAIL, ErrorCode.STORAGE_UNAVAILABLE, False, "the job's inputs are no longer stored"),
    Row(SandboxLost, Remedy.RETRY, ErrorCode.WORKER_LOST, True, "the process that decodes inputs was lost"),
    Row(StoreUnavailable, Remedy.LEAVE),
    Row(Exception, Remedy.FAIL, ErrorCode.INTERNAL_ERROR, False, "an unexpected error; the server's log has it"),
)

# Findings of the core that have no code of their own in the contract: they name the same field.
_CONTRACT_CODES = {
    "backdrop_image_too_large": ErrorCode.BACKDROP_IMAGE_UNREADABLE,
    "backdrop_image_too_narrow": ErrorCode.BACKDROP_IMAGE_UNREADABLE,
    "backdrop_image_too_small": ErrorCode.BACKDROP_IMAGE_UNREADABLE,
    "image_too_large": ErrorCode.IMAGE_UNREADABLE,
    "image_too_narrow": ErrorCode.IMAGE_UNREADABLE,
    "crop_invalid": ErrorCode.IMAGE_UNREADABLE,
}


def row_of(error: Exception) -> Row:
    """Return the first row that fits."""
    return next(row for row in FAILURES if isinstance(error, row.kind))


def describe(error: Exception, stage: str | None, attempt: int) -> Failure:
    """Return what the client is told.

    Args:
        stage: of the pipeline, if it had begun.
        attempt: the attempt's number.
    """
    row = row_of(error)
    if isinstance(error, InputError):
        code = _CONTRACT_CODES.get(error.code.value) or ErrorCode(error.code.value)
        return Failure(code, str(error), error.field, row.is_retryable, stage, attempt)
    return Failure(
        row.code or ErrorCode.INTERNAL_ERROR, row.message or str(error), row.param, row.is_retryable, stage, attempt
    )

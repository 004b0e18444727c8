"""The video object: how a job looks to a client, in answers, events and webhooks alike."""

from typing import Any

from jobs.job import Job, JobStatus


def to_video_object(job: Job, eta_seconds: float | None = None) -> dict[str, Any]:
    """Return the contract's JSON object.

    Args:
        job: as read from the store (its `queue_position` is set when queued).
        eta_seconds: estimate for a queued job; a running job tells its own.
    """
    request = job.request
    return {
        "id": job.id,
        "object": "video",
        "model": request.model,
        "status": job.status.value,
        "progress": job.percent,
        "created_at": job.created_at_ms // 1000,
        "started_at": _seconds(job.started_at_ms),
        "completed_at": _seconds(job.completed_at_ms),
        "expires_at": _seconds(job.expires_at_ms),
        "size": job.size,
        "seconds": None if job.seconds is None else f"{job.seconds:g}",
        "fps": request.fps,
        "seed": request.options.seed,
        "prompt": request.prompt,
        "remixed_from_video_id": request.remixed_from_video_id,
        "error": _error(job),
        "progress_detail": _progress_detail(job, eta_seconds),
        "attempt": job.attempt,
        "cancel_requested_at": _seconds(job.cancel_requested_at_ms),
        "metadata": request.metadata,
        "warnings": [{"code": notice.code, "message": notice.message} for notice in job.warnings],
        "usage": {"queue_seconds": job.queue_seconds, "gpu_seconds": job.gpu_seconds},
    }


def _progress_detail(job: Job, eta_seconds: float | None) -> dict[str, Any]:
    progress = job.progress
    eta = progress.eta_seconds if progress is not None else eta_seconds
    return {
        "stage": progress.stage if progress else None,
        "segment": progress.segment if progress else None,
        "segments": progress.segments if progress else None,
        "step": progress.step if progress else None,
        "steps": progress.steps if progress else None,
        "preview": job.has_preview,
        "queue_position": job.queue_position,
        "eta_seconds": None if eta is None or job.status.is_terminal else round(eta),
        "updated_at": job.updated_at_ms // 1000,
    }


def _error(job: Job) -> dict[str, Any] | None:
    if job.status is not JobStatus.FAILED or job.failure is None:
        return None
    failure = job.failure
    return {
        "code": failure.code.value,
        "message": failure.message,
        "param": failure.param,
        "retryable": failure.retryable,
        "stage": failure.stage,
        "attempt": failure.attempt,
    }


def _seconds(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms // 1000

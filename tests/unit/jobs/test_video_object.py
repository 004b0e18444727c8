"""Laws of the object that clients see."""

from dataclasses import replace

import pytest

from jobs.job import ErrorCode, Failure, Job, JobStatus, Notice, Preview, PreviewEnd, Progress
from jobs.video_object import to_video_object

FIELDS = {
    "id", "object", "model", "status", "progress", "created_at", "started_at", "completed_at", "expires_at", "size",
    "seconds", "fps", "seed", "prompt", "remixed_from_video_id", "error", "progress_detail", "attempt",
    "cancel_requested_at", "metadata", "warnings", "usage",
}  # fmt: skip


def test_it_has_exactly_the_fields_of_the_contract_in_every_status(queued: Job) -> None:
    for status in JobStatus:
        assert to_video_object(replace(queued, status=status)).keys() == FIELDS


def test_a_running_job_tells_its_stage_step_and_remaining_time(queued: Job) -> None:
    running = replace(
        queued, status=JobStatus.IN_PROGRESS, percent=42, attempt=1, queue_position=None,
        progress=Progress(42, "video_diffusion", 1, 1, 17, 30, 31.4), warnings=(Notice("image_recropped", "cut"),),
    )  # fmt: skip

    video = to_video_object(running)

    assert video["progress_detail"] == {
        "stage": "video_diffusion", "segment": 1, "segments": 1, "step": 17, "steps": 30, "preview": False,
        "queue_position": None, "eta_seconds": 31, "updated_at": 1_793_000_041,
    }  # fmt: skip
    assert video["warnings"] == [{"code": "image_recropped", "message": "cut"}]


@pytest.mark.parametrize(
    ("status", "preview", "is_there"),
    [
        (JobStatus.IN_PROGRESS, None, False),
        (JobStatus.IN_PROGRESS, Preview(1), True),
        (JobStatus.IN_PROGRESS, Preview(3, PreviewEnd.DROPPED), False),
        (JobStatus.COMPLETED, Preview(4, PreviewEnd.WHOLE), True),
        (JobStatus.COMPLETED, None, False),
        (JobStatus.FAILED, Preview(2), False),
        (JobStatus.CANCELLED, Preview(2), False),
        (JobStatus.EXPIRED, Preview(4, PreviewEnd.WHOLE), False),
    ],
)
def test_a_preview_is_told_as_long_as_it_can_be_opened(
    queued: Job, status: JobStatus, preview: Preview | None, is_there: bool
) -> None:
    video = to_video_object(replace(queued, status=status, preview=preview))

    assert video["progress_detail"]["preview"] is is_there


def test_a_queued_job_tells_its_place_and_the_queues_estimate(queued: Job) -> None:
    detail = to_video_object(queued, eta_seconds=80.2)["progress_detail"]

    assert (detail["queue_position"], detail["eta_seconds"], detail["stage"]) == (2, 80, None)


def test_an_ended_job_promises_no_remaining_time(completed: Job) -> None:
    video = to_video_object(replace(completed, progress=Progress(99, "encode", eta_seconds=1.0)), eta_seconds=5.0)

    assert video["progress_detail"]["eta_seconds"] is None


def test_times_are_whole_seconds_and_the_length_is_text(completed: Job) -> None:
    video = to_video_object(completed)

    assert (video["created_at"], video["completed_at"], video["seconds"]) == (1_793_000_000, 1_793_000_050, "3.2")
    assert video["usage"] == {"queue_seconds": 9.1, "gpu_seconds": 40.5}


def test_error_is_set_exactly_when_failed(queued: Job) -> None:
    failure = Failure(ErrorCode.AUDIO_TOO_LONG, "612.0 s exceeds 600 s", "audio", False, None, 1)

    errors = {status: to_video_object(replace(queued, status=status, failure=failure))["error"] for status in JobStatus}

    assert errors.pop(JobStatus.FAILED) == {
        "code": "audio_too_long", "message": "612.0 s exceeds 600 s", "param": "audio", "retryable": False,
        "stage": None, "attempt": 1,
    }  # fmt: skip
    assert set(errors.values()) == {None}

"""A job as a value, without a store."""

from dataclasses import replace

import pytest

from jobs.job import Job, JobOptions, JobRequest, JobStatus


@pytest.fixture
def queued() -> Job:
    request = JobRequest(
        id="video_01JZ", tenant="ada", model="mmgt-512", queue_class="mmgt-512", options=JobOptions(seed=1234),
        inputs={"image": "videos/video_01JZ/inputs/image.png"}, size="512x512", fps=25, fingerprint="f",
    )  # fmt: skip
    return Job(
        request, JobStatus.QUEUED, version=1, created_at_ms=1_793_000_000_900, updated_at_ms=1_793_000_041_000,
        queue_position=2,
    )  # fmt: skip


@pytest.fixture
def completed(queued: Job) -> Job:
    return replace(
        queued, status=JobStatus.COMPLETED, percent=100, attempt=1, queue_position=None, seconds=3.2,
        started_at_ms=1_793_000_009_000, completed_at_ms=1_793_000_050_000, expires_at_ms=1_793_604_850_000,
        results={"video": "videos/video_01JZ/a1/video.mp4"}, queue_seconds=9.1, gpu_seconds=40.5,
    )  # fmt: skip

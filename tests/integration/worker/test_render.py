"""Laws of the road inside the worker, with real Celery processes, a real store and the scripted pipeline."""

from jobs.job import JobStatus
from tests.integration.worker.service import Service


def test_a_queued_job_is_completed_with_every_object_stored(service: Service) -> None:
    service.start_worker()

    job = service.until_ended(service.create().id)

    assert job.status is JobStatus.COMPLETED
    assert set(job.results) == {"video", "thumbnail", "pose", "masks", "manifest"}
    assert all(service.storage.head(key) for key in job.results.values())
    assert all(f"/a{job.attempt}/" in key for key in job.results.values())

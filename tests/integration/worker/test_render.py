"""Laws of the road inside the worker, with real Celery processes, a real store and the scripted pipeline."""

import json
from pathlib import Path

import pytest

from jobs.job import ErrorCode, JobStatus
from mmgt_core.media.provenance import read_provenance
from tests.integration.worker.service import LEASE_S, Service


def test_a_queued_job_is_completed_with_every_object_stored(service: Service) -> None:
    service.top_up(1)

    job = service.until_ended(service.create().id)

    assert job.status is JobStatus.COMPLETED
    assert set(job.results) == {"video", "thumbnail", "pose", "masks", "manifest"}
    assert all(service.storage.head(key) for key in job.results.values())
    assert all(f"/a{job.attempt}/" in key for key in job.results.values())


def test_the_stored_video_carries_a_valid_mark_and_the_manifest_names_the_request(
    service: Service, tmp_path: Path
) -> None:
    service.top_up(1)

    job = service.until_ended(service.create(traceparent="00-1-2-01", consented_at_ms=1_793_000_000_000).id)

    service.storage.fetch_file(job.results["video"], tmp_path / "video.mp4")
    manifest = json.loads(b"".join(service.storage.stream(job.results["manifest"])))
    report = read_provenance(tmp_path / "video.mp4")
    assert report.is_valid
    assert report.is_ai_generated
    assert manifest["request_id"] == "req_1"
    assert manifest["traceparent"] == "00-1-2-01"
    assert manifest["consented_at"] == "2026-10-26T07:33:20+00:00"
    assert manifest["pipeline_seconds"] > 0


def test_warnings_of_the_inputs_and_the_length_reach_the_job(service: Service) -> None:
    service.top_up(1)

    job = service.until_ended(service.create({"seconds": 3.2}).id)

    assert job.seconds == 3.2
    assert [notice.code for notice in job.warnings] == ["scripted"]


def test_progress_rises_and_stays_under_100_until_completion(service: Service) -> None:
    service.top_up(1)

    job = service.until_ended(service.create({"steps": 10, "step_s": 0.1}).id)

    told = [event.job.percent for event in service.store.events_after(job.id) if event.type == "video.progress"]
    assert len(told) >= 3
    assert told == sorted(told)
    assert max(told) < 100
    assert job.percent == 100


def test_a_running_job_is_cancelled_within_a_step_and_leaves_no_result(service: Service) -> None:
    service.top_up(1)
    job = service.create({"steps": 100, "step_s": 0.2})
    service.until_step(job.id)

    service.store.cancel(job.id)
    cancelled = service.until_ended(job.id, timeout_s=0.2 + 2.0)

    assert cancelled.status is JobStatus.CANCELLED
    assert service.keys(job.id) == [job.request.inputs["image"]]


def test_a_job_deleted_while_it_runs_leaves_no_result(service: Service) -> None:
    service.top_up(1)
    job = service.create({"steps": 30, "step_s": 0.1})
    service.until_step(job.id)

    service.store.delete(job.id, lease_s=LEASE_S)
    following = service.until_ended(service.create().id)

    assert service.store.get(job.id) is None
    assert service.keys(job.id) == [job.request.inputs["image"]]  # housekeeping's
    assert following.status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    ("event", "code", "param", "attempts"),
    [
        ("input_error", ErrorCode.AUDIO_TOO_LONG, "audio", 1),
        ("error", ErrorCode.INTERNAL_ERROR, None, 1),
        ("fault", ErrorCode.GPU_FAULT, None, 3),
    ],
)
def test_an_exception_fails_the_job_by_the_table_and_the_next_job_is_unaffected(
    service: Service, event: str, code: ErrorCode, param: str | None, attempts: int
) -> None:
    service.top_up(1)
    job = service.create({"event": event})
    following = service.create()

    failed, done = service.until_ended(job.id), service.until_ended(following.id)

    assert failed.failure is not None
    assert (failed.failure.code, failed.failure.param, failed.attempt) == (code, param, attempts)
    assert done.status is JobStatus.COMPLETED


def test_memory_that_did_not_suffice_once_is_tried_again_and_twice_is_a_clean_failure(service: Service) -> None:
    service.top_up(1)
    once = service.create({"event": "out_of_memory", "times": 1})
    twice = service.create({"event": "out_of_memory", "times": 2})

    once, twice = service.until_ended(once.id), service.until_ended(twice.id)

    assert (once.status, once.attempt) == (JobStatus.COMPLETED, 1)
    assert twice.failure is not None
    assert (twice.failure.code, twice.failure.retryable) == (ErrorCode.GPU_OUT_OF_MEMORY, True)


def test_nothing_local_is_left_of_jobs_that_ended(service: Service) -> None:
    service.top_up(1)

    service.until_ended(service.create().id)
    service.until_ended(service.create({"event": "error"}).id)
    service.until_ended(service.create().id)

    service.until(lambda: not list(service.settings.scratch_folder.glob("video_*")))


def test_a_second_doorbell_for_a_finished_job_does_nothing_more(service: Service) -> None:
    service.top_up(2)
    job = service.create({"steps": 2, "step_s": 0.2})
    for _ in range(4):
        service.ring()

    service.until_ended(job.id)
    last = service.until_ended(service.create().id)

    types = service.event_types(job.id)
    assert last.status is JobStatus.COMPLETED
    assert types.count("video.started") == types.count("video.completed") == 1
    assert service.job(job.id).attempt == 1

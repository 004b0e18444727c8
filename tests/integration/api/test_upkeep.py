"""Laws of upkeep: lost jobs come back, late ones fail, bells are rung, results expire, and one replica does it."""

from pathlib import Path

import httpx
import pytest
from kombu import Connection

from jobs.queue import HOUSEKEEPING_QUEUE, video_queue
from jobs.settings import Settings, StoreSettings
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.waiting import comes_true

SHORT = {
    "lease_s": 0.3, "reaper_period_s": 0.1, "sweeper_period_s": 0.1, "doorbell_age_s": 0.1, "ring_again_s": 0.5,
    "upkeep_lock_s": 0.5,
}  # fmt: skip


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path, leases=SHORT, retention={"housekeeping_period_s": 0.1})


def follow_until(client: httpx.Client, video_id: str, event: str) -> None:
    """Return when the video's stream tells the event."""
    with client.stream("GET", f"/v1/videos/{video_id}/events") as answer:
        assert any(line == f"event: {event}" for line in answer.iter_lines())


def test_a_job_whose_worker_is_lost_is_queued_again(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.store.claim_next(MODEL, "lost", 0.3)
    assert job is not None

    follow_until(alice, job.id, "video.requeued")
    again = worker.claim()

    assert (again.id, again.attempt, again.lost_attempts) == (job.id, 2, 1)


def test_a_job_that_waited_too_long_fails_retryably(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit(queue_ttl_s=0)

    follow_until(alice, job.id, "video.failed")
    error = alice.get(f"/v1/videos/{job.id}").json()["error"]

    assert (error["code"], error["retryable"]) == ("queue_ttl_exceeded", True)


def test_a_completed_video_expires_by_itself_and_housekeeping_is_rung(
    alice: httpx.Client, worker: ScriptedWorker, store_settings: StoreSettings
) -> None:
    job = worker.complete_one(expires_after_s=0)
    completed = alice.get(f"/v1/videos/{job.id}", headers={"Prefer": "wait=1"})

    with Connection(store_settings.celery_url) as broker, broker.SimpleQueue(HOUSEKEEPING_QUEUE) as queue:
        queue.get(timeout=10).ack()

    assert completed.status_code == 200
    assert comes_true(lambda: alice.get(f"/v1/videos/{job.id}").json()["status"] == "expired")


def test_the_sweeper_rings_for_a_job_whose_creator_died(
    served: ServedApp, worker: ScriptedWorker, store_settings: StoreSettings
) -> None:
    with Connection(store_settings.celery_url) as broker, broker.SimpleQueue(video_queue("lonely")) as queue:
        queue.clear()
        worker.submit(queue_class="lonely")  # and nobody rings

        message = queue.get(timeout=10)
        message.ack()

    assert message.payload[1] == {"queue_class": "lonely"}


def test_upkeep_moves_to_another_replica_when_the_first_ends(
    served: ServedApp, worker: ScriptedWorker, settings: Settings
) -> None:
    other = ServedApp(settings)
    other.start()
    try:
        served.stop()
        job = worker.submit(queue_ttl_s=0)
        follow_until(other.client("alice"), job.id, "video.failed")
        error = other.client("alice").get(f"/v1/videos/{job.id}").json()["error"]
    finally:
        other.stop()

    assert error["code"] == "queue_ttl_exceeded"

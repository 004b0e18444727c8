"""Laws of ending videos: cancel, delete, and that a deleted or foreign video is nowhere."""

import httpx
import pytest

from jobs.job import job_prefix
from jobs.storage import ObjectStorage
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp

ROUTES = [
    ("GET", ""), ("GET", "/events"), ("GET", "/content"), ("HEAD", "/content"), ("GET", "/deliveries"),
    ("POST", "/deliveries/msg_1/redeliver"), ("POST", "/cancel"), ("DELETE", ""),
]  # fmt: skip


def test_a_queued_video_is_cancelled_at_once(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    answer = alice.post(f"/v1/videos/{job.id}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert answer.json()["cancel_requested_at"] is not None


def test_a_running_video_is_asked_to_stop_and_then_cancelled(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()

    asked = alice.post(f"/v1/videos/{job.id}/cancel")
    told = worker.store.renew(job.id, job.attempt)
    worker.store.acknowledge_cancel(job.id, job.attempt)
    after = alice.get(f"/v1/videos/{job.id}").json()

    assert (asked.status_code, asked.json()["status"]) == (202, "in_progress")
    assert told.is_cancel_requested
    assert (after["status"], after["error"]) == ("cancelled", None)


def test_cancel_is_idempotent(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    first, second = (alice.post(f"/v1/videos/{job.id}/cancel") for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["etag"] == second.headers["etag"]


def test_a_completed_video_is_not_cancelled(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one()

    answer = alice.post(f"/v1/videos/{job.id}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


def test_a_result_after_cancel_is_refused(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()

    alice.post(f"/v1/videos/{job.id}/cancel")
    outcome = worker.finish(job)

    assert outcome.is_lost
    assert alice.get(f"/v1/videos/{job.id}/content").status_code == 404


def test_delete_answers_as_the_contract_says_and_removes_every_object(
    alice: httpx.Client, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    job = worker.complete_one()
    before = list(storage.list(job_prefix(job.id)))

    answer = alice.delete(f"/v1/videos/{job.id}")
    worker.housekeep()

    assert answer.json() == {"id": job.id, "object": "video.deleted", "deleted": True}
    assert len(before) == 5
    assert list(storage.list(job_prefix(job.id))) == []


def test_a_running_video_that_is_deleted_never_comes_back(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()

    alice.delete(f"/v1/videos/{job.id}")
    outcome = worker.finish(job)

    assert outcome.is_lost
    assert alice.get(f"/v1/videos/{job.id}").status_code == 404
    assert alice.get("/v1/videos").json()["data"] == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_deleted_video_is_404_on_every_route(
    method: str, path: str, alice: httpx.Client, worker: ScriptedWorker
) -> None:
    job = worker.complete_one()
    alice.delete(f"/v1/videos/{job.id}")

    answer = alice.request(method, f"/v1/videos/{job.id}{path}")

    assert answer.status_code == 404


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_tenants_video_is_404_on_every_route(
    method: str, path: str, bob: httpx.Client, worker: ScriptedWorker
) -> None:
    job = worker.complete_one("alice", webhook_url="https://example.com/hook")

    answer = bob.request(method, f"/v1/videos/{job.id}{path}")

    assert answer.status_code == 404
    assert worker.store.get(job.id) is not None


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key(method: str, path: str, served: ServedApp, worker: ScriptedWorker) -> None:
    job = worker.complete_one()

    answer = served.client(None).request(method, f"/v1/videos/{job.id}{path}")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")

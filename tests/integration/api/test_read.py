"""Laws of reading one video: what the object says in each state, ETag, and waiting for a change."""

import threading
import time

import httpx
import pytest

from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp

FIELDS = {
    "id", "object", "model", "status", "progress", "created_at", "started_at", "completed_at", "expires_at", "size",
    "seconds", "fps", "seed", "prompt", "remixed_from_video_id", "error", "progress_detail", "attempt",
    "cancel_requested_at", "metadata", "warnings", "usage",
}  # fmt: skip


def test_the_object_has_exactly_the_fields_of_the_contract(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit(metadata={"scene": "1"}, prompt="hello")

    video = alice.get(f"/v1/videos/{job.id}").json()

    assert set(video) == FIELDS
    assert set(video["progress_detail"]) == {
        "stage", "segment", "segments", "step", "steps", "preview", "queue_position", "eta_seconds", "updated_at",
    }  # fmt: skip
    assert (video["status"], video["progress"], video["attempt"]) == ("queued", 0, 0)
    assert (video["seconds"], video["size"], video["fps"], video["seed"]) == ("3.2", "512x512", 25, 1234)
    assert (video["metadata"], video["prompt"]) == ({"scene": "1"}, "hello")
    assert video["progress_detail"]["queue_position"] == 1


def test_only_a_held_lease_shows_in_progress(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    before = alice.get(f"/v1/videos/{job.id}").json()
    worker.claim()
    after = alice.get(f"/v1/videos/{job.id}").json()

    assert (before["status"], before["started_at"]) == ("queued", None)
    assert (after["status"], after["attempt"]) == ("in_progress", 1)
    assert after["started_at"] is not None
    assert after["progress_detail"]["queue_position"] is None


def test_progress_never_falls_and_100_comes_only_with_completed(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()
    seen = []

    for percent in (10, 40, 20, 100):
        worker.tell(job, percent)
        seen.append(alice.get(f"/v1/videos/{job.id}").json()["progress"])
    worker.finish(job)
    done = alice.get(f"/v1/videos/{job.id}").json()

    assert seen == [10, 40, 40, 99]
    assert (done["status"], done["progress"]) == ("completed", 100)


def test_a_completed_video_tells_end_expiry_and_usage(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one(expires_after_s=600)

    video = alice.get(f"/v1/videos/{job.id}").json()

    assert video["expires_at"] - video["completed_at"] == 600
    assert video["usage"]["gpu_seconds"] == 1.5
    assert video["error"] is None
    assert video["progress_detail"]["eta_seconds"] is None


def test_error_is_set_exactly_when_failed(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()
    before = alice.get(f"/v1/videos/{job.id}").json()

    worker.fail(job)
    video = alice.get(f"/v1/videos/{job.id}").json()

    assert before["error"] is None
    assert video["status"] == "failed"
    assert video["error"] == {
        "code": "gpu_out_of_memory", "message": "81.2 GB were asked for; 80 GB are there", "param": None,
        "retryable": True, "stage": "video", "attempt": 1,
    }  # fmt: skip


def test_a_terminal_status_never_changes(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()
    alice.post(f"/v1/videos/{job.id}/cancel")

    late = worker.store.claim_next(job.request.queue_class, "scripted")
    again = alice.post(f"/v1/videos/{job.id}/cancel").json()

    assert late is None
    assert again["status"] == "cancelled"


def test_a_drained_worker_gives_the_job_back_to_the_queue(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()

    worker.store.release(job.id, job.attempt)
    video = alice.get(f"/v1/videos/{job.id}").json()

    assert (video["status"], video["progress"], video["started_at"]) == ("queued", 0, None)


def test_a_live_video_tells_when_to_ask_again_and_an_ended_one_does_not(
    alice: httpx.Client, worker: ScriptedWorker
) -> None:
    live = worker.submit()

    asked = alice.get(f"/v1/videos/{live.id}")
    worker.finish(worker.claim())
    ended = alice.get(f"/v1/videos/{live.id}")

    assert 1 <= int(asked.headers["retry-after"]) <= 15
    assert 0 < int(asked.headers["openai-poll-after-ms"]) <= 2000
    assert "retry-after" not in ended.headers


def test_a_known_etag_is_304_until_the_video_changes(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()
    path = f"/v1/videos/{job.id}"
    etag = alice.get(path).headers["etag"]

    same = alice.get(path, headers={"If-None-Match": etag})
    worker.claim()
    changed = alice.get(path, headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def test_a_new_place_in_the_queue_is_a_new_etag(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    second = worker.submit()
    etag = alice.get(f"/v1/videos/{second.id}").headers["etag"]

    worker.claim()
    moved = alice.get(f"/v1/videos/{second.id}", headers={"If-None-Match": etag})

    assert moved.status_code == 200
    assert moved.json()["progress_detail"]["queue_position"] == 1


def wait_in_thread(client: httpx.Client, path: str) -> tuple[threading.Thread, list[httpx.Response]]:
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(client.get(path, headers={"Prefer": "wait=10"})))
    thread.start()
    return thread, answers


def test_a_long_poll_returns_on_the_change(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()
    began_at_s = time.monotonic()
    thread, answers = wait_in_thread(alice, f"/v1/videos/{job.id}")
    thread.join(0.3)
    was_waiting = thread.is_alive()

    worker.tell(job, 55)
    thread.join(10)

    assert was_waiting
    assert answers[0].json()["progress"] == 55
    assert answers[0].headers["preference-applied"] == "wait=10"
    assert time.monotonic() - began_at_s < 5


def test_a_long_poll_ends_unchanged_after_its_seconds(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()
    etag = alice.get(f"/v1/videos/{job.id}").headers["etag"]
    began_at_s = time.monotonic()

    answer = alice.get(f"/v1/videos/{job.id}", headers={"Prefer": "wait=1", "If-None-Match": etag})

    assert answer.status_code == 304
    assert 0.9 < time.monotonic() - began_at_s < 5


def test_a_long_poll_with_an_older_etag_returns_at_once(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()
    etag = alice.get(f"/v1/videos/{job.id}").headers["etag"]
    worker.claim()
    began_at_s = time.monotonic()

    answer = alice.get(f"/v1/videos/{job.id}", headers={"Prefer": "wait=10", "If-None-Match": etag})

    assert answer.json()["status"] == "in_progress"
    assert time.monotonic() - began_at_s < 5


def test_a_long_poll_of_an_ended_video_returns_at_once(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one()
    began_at_s = time.monotonic()

    answer = alice.get(f"/v1/videos/{job.id}", headers={"Prefer": "wait=10"})

    assert answer.json()["status"] == "completed"
    assert time.monotonic() - began_at_s < 5


def test_a_long_poll_of_a_video_that_is_deleted_meanwhile_is_404(
    alice: httpx.Client, served: ServedApp, worker: ScriptedWorker
) -> None:
    job = worker.submit()
    thread, answers = wait_in_thread(alice, f"/v1/videos/{job.id}")
    thread.join(0.3)

    served.client("alice").delete(f"/v1/videos/{job.id}")
    thread.join(10)

    assert answers[0].status_code == 404


@pytest.mark.parametrize("prefer", ["wait=abc", "respond-async", "wait=-1", "handling=strict, waiting=3"])
def test_a_preference_that_is_no_wait_is_ignored(prefer: str, alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    answer = alice.get(f"/v1/videos/{job.id}", headers={"Prefer": prefer})

    assert answer.status_code == 200
    assert "preference-applied" not in answer.headers

"""Laws of what the service tells of itself: models, queue, limits, readiness, and the webhook log."""

from pathlib import Path

import httpx
import pytest
import redis

from jobs.settings import Settings, StoreSettings
from jobs.verbs.registry import WorkerRecord
from tests.integration.api.creating import create
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.valkey import ValkeyServer


@pytest.fixture
def olga(served: ServedApp) -> httpx.Client:
    return served.client("olga")


def test_models_are_those_that_workers_have_loaded(alice: httpx.Client, worker: ScriptedWorker) -> None:
    before = alice.get("/v1/models").json()

    worker.heartbeat()
    after = alice.get("/v1/models").json()

    assert before == {"object": "list", "data": []}
    assert [model["id"] for model in after["data"]] == [MODEL]
    assert after["data"][0]["qualities"] == ["exact", "fast"]


def test_a_user_sees_counts_and_own_places_only(alice: httpx.Client, bob: httpx.Client, worker: ScriptedWorker) -> None:
    first, second = worker.submit("alice"), worker.submit("bob")

    queue = bob.get("/v1/queue").json()

    assert (queue["waiting"], queue["running"]) == (2, 0)
    assert [place["id"] for place in queue["data"][0]["places"]] == [second.id]
    assert queue["data"][0]["places"][0]["queue_position"] == 2
    assert (queue["workers"], queue["status_counts"]) == (None, None)
    assert first.id not in bob.get("/v1/queue").text
    assert "alice" not in bob.get("/v1/queue").text


def test_an_operator_sees_everybodys_places_and_the_workers(olga: httpx.Client, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    ids = [worker.submit(tenant).id for tenant in ("alice", "bob")]

    queue = olga.get("/v1/queue").json()

    assert [(place["id"], place["tenant"]) for place in queue["data"][0]["places"]] == [
        (ids[0], "alice"), (ids[1], "bob"),
    ]  # fmt: skip
    assert [each["name"] for each in queue["workers"]] == ["scripted"]
    assert queue["status_counts"]["queued"] == 2


def test_the_estimate_grows_with_the_queue_once_a_job_was_measured(alice: httpx.Client, worker: ScriptedWorker) -> None:
    unknown = worker.submit()
    before = alice.get(f"/v1/videos/{unknown.id}").json()["progress_detail"]["eta_seconds"]
    worker.finish(worker.claim())
    jobs = [worker.submit() for _ in range(3)]

    queue = alice.get("/v1/queue").json()["data"][0]

    assert before is None
    assert [place["eta_seconds"] for place in queue["places"]] == [2, 3, 4]  # 1.5 s each, rounded to even
    assert [place["id"] for place in queue["places"]] == [job.id for job in jobs]
    assert queue["estimated_wait_seconds"] == 4


def test_limits_tell_the_callers_own_quota(alice: httpx.Client, bob: httpx.Client, worker: ScriptedWorker) -> None:
    worker.store.set_quota("alice", 7)
    worker.submit("alice")

    own, other = alice.get("/v1/limits").json(), bob.get("/v1/limits").json()

    assert (own["tenant"], own["active_videos"], own["max_active_videos"]) == ("alice", 1, 7)
    assert (other["active_videos"], other["max_active_videos"]) == (0, 1000)
    assert own["rates"]["creates"] == {"limit": 60, "window_seconds": 60}
    assert own["uploads"]["max_audio_bytes"] == 100_000_000


def test_the_loop_answers_livez_without_a_key(served: ServedApp) -> None:
    answer = served.client(None).get("/livez")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_readiness_waits_for_the_first_canary_and_is_degraded_when_workers_are_gone(
    served: ServedApp, worker: ScriptedWorker
) -> None:
    client = served.client(None)

    fresh = client.get("/readyz")
    worker.heartbeat(is_ready=False)
    loading = client.get("/readyz")
    worker.heartbeat()
    ready = client.get("/readyz")
    worker.store.remove_worker("scripted")
    alone = client.get("/readyz")

    assert [each.status_code for each in (fresh, loading)] == [503, 503]
    assert "retry-after" in fresh.headers
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert (alone.status_code, alone.json()["status"]) == (200, "degraded")


def test_a_model_that_was_ever_ready_takes_jobs_and_until_then_nothing_does(
    settings: Settings, worker: ScriptedWorker
) -> None:
    found = []
    for is_known in (False, True):
        if is_known:
            worker.heartbeat()
            worker.store.remove_worker("scripted")
        app = ServedApp(settings)  # a new process remembers nothing by itself
        app.start()
        ready, created = app.client(None).get("/readyz"), create(app.client("alice"))
        app.stop()
        found.append((ready.status_code, ready.json()["status"], created.status_code, created.json()["status"]))

    assert found == [(503, 503, 503, 503), (200, "degraded", 202, "queued")]


def test_without_a_name_a_model_with_a_live_worker_is_meant(
    alice: httpx.Client, settings: Settings, worker: ScriptedWorker
) -> None:
    facts = {"id": "a-model", "size": "8x8", "fps": 25}
    worker.store.heartbeat(WorkerRecord("gone", ("video.a-model",), True, (facts,)))
    with redis.Redis.from_url(settings.store.url.get_secret_value()) as client:
        client.zincrby(f"{settings.store.key_prefix}models-seen", -60_000, "a-model")  # a minute ago
    worker.heartbeat()

    unnamed, named = create(alice), create(alice, model="a-model")

    assert unnamed.json()["model"] == MODEL
    assert named.json()["model"] == "a-model"


def test_a_worker_of_other_queues_makes_nothing_ready(served: ServedApp, worker: ScriptedWorker) -> None:
    worker.store.heartbeat(WorkerRecord("small", ("preflight", "delivery", "housekeeping"), True))

    assert served.client(None).get("/readyz").status_code == 503


def test_a_lost_store_is_503_and_its_return_is_noticed(tmp_path: Path) -> None:
    valkey = ValkeyServer(tmp_path)
    valkey.start()
    store = StoreSettings.model_validate({"url": valkey.url, "key_prefix": "t:", "retries": 0})
    app = ServedApp(settings_for(store, tmp_path))
    app.start()
    client = app.client("alice")
    try:
        before = client.get("/v1/videos")
        valkey.kill()
        lost, not_ready, alive = client.get("/v1/videos"), client.get("/readyz"), client.get("/livez")
        valkey.start()
        again = client.get("/v1/videos")
    finally:
        app.stop()
        valkey.stop()

    assert (before.status_code, again.status_code) == (200, 200)
    assert (lost.status_code, lost.json()["error"]["code"]) == (503, "store_unavailable")
    assert int(lost.headers["retry-after"]) > 0
    assert (not_ready.status_code, alive.status_code) == (503, 200)


def test_deliveries_are_listed_with_their_tries_and_can_be_sent_again(
    alice: httpx.Client, worker: ScriptedWorker
) -> None:
    job = worker.complete_one(webhook_url="https://example.com/hook")
    taken = worker.store.take_due_deliveries()[0].delivery
    worker.store.record_try(
        taken.id, taken.tries, is_delivered=False, status_code=500, error="Internal Server Error", duration_ms=12,
        retry_in_s=None,
    )  # fmt: skip

    listed = alice.get(f"/v1/videos/{job.id}/deliveries").json()["data"]
    again = alice.post(f"/v1/videos/{job.id}/deliveries/{taken.id}/redeliver")
    due = worker.store.take_due_deliveries()

    assert [(each["id"], each["type"], each["state"]) for each in listed] == [
        (taken.id, "video.completed", "exhausted")
    ]
    assert (listed[0]["tries"][0]["status_code"], listed[0]["next_at"]) == (500, None)
    assert (again.status_code, again.json()["state"]) == (202, "pending")
    assert [each.delivery.id for each in due] == [taken.id]


def test_an_unknown_delivery_is_404(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    answer = alice.post(f"/v1/videos/{job.id}/deliveries/msg_0/redeliver")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "delivery_not_found")

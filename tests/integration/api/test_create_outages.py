"""Laws of failing creates: quotas, a full queue, a store or storage that is away; nothing is left, and it is said."""

import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jobs.settings import Settings, StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.api.creating import create, files_under, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.valkey import ValkeyServer

TIMEOUT_S = 1.0


def test_a_tenant_over_its_quota_is_a_429_with_the_number(
    alice: httpx.Client, bob: httpx.Client, settings: Settings, store: JobStore, worker: ScriptedWorker
) -> None:
    worker.heartbeat()
    store.set_quota("alice", 1)
    create(alice)

    answer = create(alice)

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota_exceeded")
    assert "the limit is 1" in answer.json()["detail"]
    assert answer.headers["retry-after"]
    assert len(files_under(settings.objects_folder)) == 2
    assert create(bob).status_code == 202


def test_a_full_queue_is_a_503(store_settings: StoreSettings, tmp_path: Path, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    settings = settings_for(store_settings, tmp_path, limits={"max_waiting_jobs": 1})
    served = ServedApp(settings)
    served.start()

    answers = [create(served.client(tenant)) for tenant in ("alice", "bob")]
    served.stop()

    assert [answer.status_code for answer in answers] == [202, 503]
    assert answers[1].json()["error"]["code"] == "queue_full"
    assert len(files_under(settings.objects_folder)) == 2


def test_storage_that_refuses_is_a_503_and_no_job(
    alice: httpx.Client, settings: Settings, store: JobStore, worker: ScriptedWorker
) -> None:
    worker.heartbeat()
    shutil.rmtree(settings.objects_folder, ignore_errors=True)
    settings.objects_folder.write_text("a file where the folder should be")

    answer = create(alice, {"Idempotency-Key": "k"})
    settings.objects_folder.unlink()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
    assert num_jobs(store) == 0
    assert files_under(settings.scratch_folder) == []
    assert create(alice, {"Idempotency-Key": "k"}).status_code == 202


@pytest.fixture
def stoppable(tmp_path: Path) -> Iterator[ValkeyServer]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = ValkeyServer(folder)
    server.start()
    yield server
    server.signal(signal.SIGCONT)
    server.stop()


def test_a_store_that_is_stopped_but_not_dead_is_a_503_after_its_time_out(
    stoppable: ValkeyServer, tmp_path: Path
) -> None:
    store_settings = StoreSettings.model_validate({"url": stoppable.url, "timeout_s": TIMEOUT_S})
    settings = settings_for(store_settings, tmp_path)
    store, served = JobStore(store_settings), ServedApp(settings)
    served.start()
    worker, client = ScriptedWorker(store, open_storage(settings)), served.client()
    worker.heartbeat()
    path = f"/v1/videos/{worker.submit().id}"
    asked = {
        "read": lambda: client.get(path), "poll": lambda: client.get(path, headers={"Prefer": "wait=1"}),
        "list": lambda: client.get("/v1/videos"), "ready": lambda: client.get("/readyz"),
        "create": lambda: create(client, {"Idempotency-Key": "k"}), "follow": lambda: client.get(f"{path}/events"),
    }  # fmt: skip
    create(client)  # every connection was used before

    stoppable.signal(signal.SIGSTOP)
    took_s: dict[str, float] = {}
    statuses = set()
    for name, ask in asked.items():
        began_at_s = time.monotonic()
        statuses.add(ask().status_code)
        took_s[name] = time.monotonic() - began_at_s
    stoppable.signal(signal.SIGCONT)
    afterwards = client.get(path).status_code
    served.stop()
    store.close()

    assert statuses == {503}
    assert max(took_s.values()) < TIMEOUT_S + 1, took_s
    assert afterwards == 200


def test_a_store_that_is_away_is_a_503_and_an_upload_is_not_even_read(tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    valkey = ValkeyServer(folder)
    valkey.start()
    store_settings = StoreSettings.model_validate({"url": valkey.url, "timeout_s": 2.5, "retries": 1})
    settings = settings_for(store_settings, tmp_path)
    served = ServedApp(settings)
    served.start()
    valkey.kill()

    answer = create(served.client())
    served.stop()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"]
    assert files_under(settings.objects_folder) == []

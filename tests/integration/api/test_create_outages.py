"""Laws of failing creates: quotas, a full queue, a store or storage that is away; nothing is left, and it is said."""

import shutil
from pathlib import Path

import httpx

from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from tests.integration.api.creating import create, files_under, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.valkey import ValkeyServer


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

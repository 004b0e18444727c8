"""Laws of creating once: twins at the same moment, changed bodies, SDKs that retry without a key."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from tests.integration.api.creating import FILES, create, files_under, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import settings_for

TWINS = 50
KEY = {"Idempotency-Key": "order-7"}
RETRY = {"x-stainless-retry-count": "1"}


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: object) -> Settings:
    rates = {"creates": "1000/minute"}
    return settings_for(store_settings, tmp_path, rate_limits=rates, limits={"max_concurrent_uploads": 128})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def test_fifty_twins_at_once_make_one_job(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    with ThreadPoolExecutor(TWINS) as threads:
        answers = list(threads.map(lambda _: create(alice, KEY), range(TWINS)))

    made = [answer for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code != 202]
    assert len({answer.json()["id"] for answer in made}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in made) == 1
    assert {answer.status_code for answer in refused} <= {409}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert num_jobs(store) == 1
    assert len(files_under(settings.objects_folder)) == 2
    assert files_under(settings.scratch_folder) == []


def test_the_same_key_later_answers_the_job_as_it_is_now(
    alice: httpx.Client, worker: ScriptedWorker, store: JobStore
) -> None:
    first = create(alice, KEY)
    worker.finish(worker.claim())

    again = create(alice, KEY)

    assert again.json()["id"] == first.json()["id"]
    assert again.json()["status"] == "completed"
    assert again.headers["idempotent-replayed"] == "true"
    assert num_jobs(store) == 1


@pytest.mark.parametrize("change", ["field", "file"])
def test_the_same_key_with_another_request_is_a_422(
    alice: httpx.Client, settings: Settings, store: JobStore, change: str
) -> None:
    create(alice, KEY)
    files = {**FILES, "audio": ("a.wav", b"RIFF\0\0\0\0WAVEother")} if change == "file" else FILES

    answer = alice.post("/v1/videos", files=files, data={"seed": "1"} if change == "field" else {}, headers=KEY)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert num_jobs(store) == 1
    assert len(files_under(settings.objects_folder)) == 2


def test_the_same_request_spelled_otherwise_is_the_same(alice: httpx.Client, store: JobStore) -> None:
    first = alice.post("/v1/videos", files=FILES, data={"metadata": '{"a": "b"}', "guidance_scale": "2"}, headers=KEY)
    files = {"audio": FILES["audio"], "input_reference": ("other.png", FILES["image"][1])}

    second = alice.post("/v1/videos", files=files, data={"guidance_scale": "2.0", "metadata[a]": "b"}, headers=KEY)

    assert second.json()["id"] == first.json()["id"]
    assert num_jobs(store) == 1


def test_keys_of_two_tenants_do_not_meet(alice: httpx.Client, bob: httpx.Client) -> None:
    assert create(alice, KEY).json()["id"] != create(bob, KEY).json()["id"]


def test_a_key_in_flight_is_a_409(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    same = store.get(create(alice).json()["id"])
    assert same is not None
    store.reserve_key("alice", "videos", "held", same.request.fingerprint, "the first request")

    answer = create(alice, {"Idempotency-Key": "held"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_in_flight")
    assert int(answer.headers["retry-after"]) >= 1
    assert num_jobs(store) == 1
    assert len(files_under(settings.objects_folder)) == 2


def test_a_refused_create_gives_its_key_back(alice: httpx.Client, store: JobStore) -> None:
    store.set_quota("alice", 0)
    refused = create(alice, KEY)
    store.set_quota("alice", 10)

    answer = create(alice, KEY)

    assert (refused.status_code, answer.status_code) == (429, 202)


def test_a_key_whose_job_was_deleted_makes_a_new_one(alice: httpx.Client) -> None:
    first = create(alice, KEY).json()["id"]
    alice.delete(f"/v1/videos/{first}")

    assert create(alice, KEY).json()["id"] != first


@pytest.mark.parametrize("key", ["", "k" * 256, "two words", "tab\tbed", "\xe9"])
def test_a_key_of_another_length_or_of_other_characters_is_a_400(alice: httpx.Client, key: str) -> None:
    answer = create(alice, {"Idempotency-Key": key.encode("latin-1")})  # type: ignore[dict-item]

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_idempotency_key")


def test_an_sdk_that_retries_without_a_key_gets_its_first_job(
    alice: httpx.Client, settings: Settings, store: JobStore
) -> None:
    first = create(alice)

    retries = [create(alice, {"x-stainless-retry-count": str(n)}) for n in (1, 2)]

    assert {answer.json()["id"] for answer in retries} == {first.json()["id"]}
    assert all(answer.headers["idempotent-replayed"] == "true" for answer in retries)
    assert num_jobs(store) == 1
    assert len(files_under(settings.objects_folder)) == 2


def test_a_retry_of_another_request_or_tenant_is_a_new_job(alice: httpx.Client, bob: httpx.Client) -> None:
    first = create(alice).json()["id"]

    others = {create(alice, RETRY, seed="1").json()["id"], create(bob, RETRY).json()["id"]}

    assert first not in others
    assert len(others) == 2


@pytest.mark.parametrize("count", ["0", "-1", "x", ""])
def test_only_a_count_above_zero_is_a_retry(alice: httpx.Client, count: str) -> None:
    first = create(alice).json()["id"]

    assert create(alice, {"x-stainless-retry-count": count}).json()["id"] != first


@pytest.mark.parametrize("count", ["1" * 5000, "0" * 10, "x" * 100])
def test_a_retry_count_of_many_digits_is_a_400(alice: httpx.Client, count: str) -> None:
    answer = create(alice, {"x-stainless-retry-count": count})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed_request")
    assert str(len(count)) in answer.json()["detail"]

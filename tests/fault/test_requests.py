"""Laws of requests that come twice, or from somebody who may not: one job; exactly 401 or 404, on every route."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from jobs.keys import new_api_key
from jobs.settings import StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from jobs.verbs.registry import Scope
from tests.fault.figures import Figures
from tests.integration.api.creating import FILES, create, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for

TWINS = 50
OPEN_ROUTES = {"/livez", "/readyz"}


@pytest.fixture
def served(store_settings: StoreSettings, tmp_path: Path) -> Iterator[ServedApp]:
    limits = {"max_concurrent_uploads": 128, "max_active_jobs_per_tenant": 10_000}
    rates = {"creates": "100000/minute", "failed_logins": "10000/minute"}
    app = ServedApp(
        settings_for(store_settings, tmp_path, limits=limits, rate_limits=rates, auth={"cache_s": 0.0})
    )  # fmt: skip
    app.start()
    yield app
    app.stop()


@pytest.fixture
def worker(store: JobStore, served: ServedApp) -> ScriptedWorker:
    return ScriptedWorker(store, open_storage(served.settings))


@pytest.mark.usefixtures("only_at_length")
def test_however_a_create_is_repeated_it_makes_one_job(
    served: ServedApp, store: JobStore, worker: ScriptedWorker, fault_count: int, figures: Figures
) -> None:
    alice, bob = served.client("alice"), served.client("bob")
    with ThreadPoolExecutor(TWINS) as threads:
        for turn in range(fault_count):
            worker.heartbeat()
            key = {"Idempotency-Key": f"order-{turn}"}
            before = num_jobs(store)

            answers = list(threads.map(lambda _, key=key: create(alice, key), range(TWINS)))
            changed = create(alice, key, seed="1")
            first = create(bob, prompt=str(turn))
            retries = [create(bob, {"x-stainless-retry-count": "1"}, prompt=str(turn)) for _ in range(3)]

            assert {answer.status_code for answer in answers} <= {202, 409}
            assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
            assert changed.status_code == 422
            assert {answer.json()["id"] for answer in retries} == {first.json()["id"]}
            assert num_jobs(store) == before + 2
    figures.record("same Idempotency-Key x 50, changed body, SDK retry", fault_count, jobs_each=1, changed_body=422)


def routes(served: ServedApp) -> list[tuple[str, str]]:
    """Every method and path of the service."""
    paths = create_app(served.settings).openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def ask(client: httpx.Client, method: str, path: str, key: str | None) -> int:
    """The status of one call with some key; files where a create wants them."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    files = FILES if method == "POST" and path in ("/v1/videos", "/v1/videos/validate") else None
    return client.request(method, path, headers=headers, files=files).status_code


def test_every_route_refuses_exactly_whom_it_must(
    served: ServedApp, store: JobStore, worker: ScriptedWorker, figures: Figures
) -> None:
    worker.heartbeat()
    job = worker.complete_one("alice", webhook_url="https://example.org/hook")
    deliveries = store.list_deliveries(job.id)
    assert deliveries
    revoked, record = new_api_key("alice", Scope.OPERATOR, "mmgt_")
    store.add_api_key(record)
    store.revoke_api_key(record.id)
    client = served.client(None)
    strangers = {"none": None, "wrong": "mmgt_wrong", "revoked": revoked}
    found: dict[tuple[str, str, str], int] = {}
    expected: dict[tuple[str, str, str], int] = {}
    for method, template in routes(served):
        path = template.replace("{video_id}", job.id).replace("{delivery_id}", deliveries[0].id)
        for who, key in strangers.items():
            found[method, template, who] = ask(client, method, path, key)
            expected[method, template, who] = 401
        if "{" in template:
            for tenant, scope in (("bob", Scope.USER), ("olga", Scope.OPERATOR)):
                other = served.client(tenant)
                found[method, template, scope.value] = other.request(method, path).status_code
                expected[method, template, scope.value] = 404

    closed = {case: status for case, status in found.items() if case[1] not in OPEN_ROUTES}

    assert closed == {case: status for case, status in expected.items() if case[1] not in OPEN_ROUTES}
    assert not {status for case, status in found.items() if case[1] in OPEN_ROUTES} & {401, 403, 404}
    assert store.get(job.id) == job
    figures.record("authorisation matrix", len(found), routes=len(routes(served)), wrong_answers=0)

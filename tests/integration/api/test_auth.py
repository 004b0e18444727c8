"""Laws of who may call: keys, scopes, revocation, and the rules of a server without keys."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.keys import new_api_key
from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from jobs.verbs.registry import Scope
from tests.integration.api.creating import FILES, create, nothing_is_left, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for

Serve = Callable[..., ServedApp]
CREATES = ("/v1/videos", "/v1/videos/validate")
REFUSED = {
    "none": {}, "wrong": {"Authorization": "Bearer mmgt_wrong"}, "empty": {"Authorization": "Bearer"},
    "basic": {"Authorization": "Basic a2V5LW9mLWFsaWNl"}, "bare": {"Authorization": KEYS["alice"]},
    "long": {"Authorization": "Bearer " + "k" * 600}, "hash": {"Authorization": "Bearer " + "0" * 64},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


@pytest.fixture
def serve(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Serve]:
    served: list[ServedApp] = []

    def start(**groups: object) -> ServedApp:
        keyed = settings_for(store_settings, tmp_path, auth={"cache_s": 0.0})
        served.append(ServedApp(Settings.model_validate({**dict(keyed), **groups})))
        served[-1].start()
        return served[-1]

    yield start
    for app in served:
        app.stop()


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize("who", REFUSED)
def test_without_a_valid_key_nothing_is_read_or_made(
    served: ServedApp, settings: Settings, store: JobStore, path: str, who: str
) -> None:
    answer = served.client(None).post(path, files=FILES, headers=REFUSED[who])

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error"]["type"] == "authentication_error"
    assert nothing_is_left(settings, store)


@pytest.mark.parametrize("tenant", ["alice", "bob", "olga"])
def test_every_scope_may_create_for_its_own_tenant(served: ServedApp, store: JobStore, tenant: str) -> None:
    video = create(served.client(tenant)).json()

    assert store.get(video["id"], tenant) is not None


def test_a_key_of_the_store_is_as_good_until_it_is_revoked(serve: Serve, store: JobStore) -> None:
    key, record = new_api_key("carol", Scope.USER, "mmgt_")
    store.add_api_key(record)
    client = serve().client(None)
    client.headers["Authorization"] = f"Bearer {key}"

    before = create(client)
    store.revoke_api_key(record.id)
    after = create(client)

    assert (before.status_code, after.status_code) == (202, 401)
    assert store.get(before.json()["id"], "carol") is not None


def test_too_many_wrong_keys_from_an_address_are_a_429_and_the_right_one_still_works(serve: Serve) -> None:
    app = serve(rate_limits={"failed_logins": "3/minute"})
    client = app.client(None)
    wrong = {"Authorization": "Bearer wrong"}

    answers = [client.get("/v1/limits", headers=wrong).status_code for _ in range(5)]

    assert answers == [401, 401, 401, 429, 429]
    assert app.client("alice").get("/v1/limits").status_code == 200


def test_a_server_without_keys_on_loopback_is_open(serve: Serve, store: JobStore) -> None:
    client = serve(api_keys=()).client(None)

    answer = create(client)

    assert answer.status_code == 202
    assert store.get(answer.json()["id"], "default") is not None


def test_an_sdk_must_send_some_key_and_an_open_server_does_not_mind(serve: Serve) -> None:
    client = serve(api_keys=()).client(None)

    assert create(client, {"Authorization": "Bearer unused"}).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:1"}, 202),
        ({"Host": "127.0.0.1"}, 202),
        ({"Host": "[::1]:8000"}, 202),
        ({"Host": "127.8.9.1:80"}, 202),
        ({"Host": "example.com"}, 403),
        ({"Host": "localhost.example.com"}, 403),
        ({"Host": "127.0.0.1.nip.io"}, 403),
        ({"Host": "10.0.0.7"}, 403),
        ({"Host": "0.0.0.0"}, 403),
        ({"Host": "[::"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Sec-Fetch-Site": "none"}, 202),
        ({"Host": "localhost:8000", "Origin": "http://localhost:8000"}, 202),
        ({"Host": "localhost:8000", "Origin": "http://localhost:3000"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Forwarded": "for=1.2.3.4"}, 401),
        ({"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"X-Forwarded-Host": "localhost"}, 401),
        ({"X-Real-IP": "1.2.3.4"}, 401),
        ({"Via": "1.1 proxy"}, 401),
    ],
    ids=str,
)
def test_an_open_server_answers_only_what_this_machine_itself_asks(
    serve: Serve, store: JobStore, headers: dict[str, str], status: int
) -> None:
    client = serve(api_keys=()).client(None)

    answer = create(client, headers)

    assert answer.status_code == status
    assert num_jobs(store) == (status == 202)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "mmgt.example.com", "::"])
def test_without_keys_a_server_that_others_can_reach_lets_nobody_in(serve: Serve, host: str) -> None:
    client = serve(api_keys=(), host=host).client(None)

    assert create(client).status_code == 401


def test_the_first_key_of_the_store_closes_an_open_server_for_good(serve: Serve, store: JobStore) -> None:
    client = serve(api_keys=()).client(None)
    key, record = new_api_key("carol", Scope.USER, "mmgt_")

    before = client.get("/v1/limits").status_code
    store.add_api_key(record)
    with_key = client.get("/v1/limits", headers={"Authorization": f"Bearer {key}"}).status_code
    without = client.get("/v1/limits").status_code
    store.revoke_api_key(record.id)
    revoked = client.get("/v1/limits").status_code

    assert (before, with_key, without, revoked) == (200, 200, 401, 401)


def test_health_needs_no_key(served: ServedApp) -> None:
    assert served.client(None).get("/livez").status_code == 200

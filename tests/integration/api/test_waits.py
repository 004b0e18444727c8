"""Laws of clients that wait, on event streams and long polls: they take nothing from others and end as they should."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import redis

from jobs.settings import Settings, StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.api.creating import create
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for
from tests.integration.valkey import ValkeyServer
from tests.waiting import comes_true

CROWD, SHARE = 150, 3  # more than the connections that a store's client may have
END_S = 10.0


def ask(served: ServedApp, path: str, *headers: str, tenant: str = "alice") -> socket.socket:
    """Send a GET and return its connection."""
    address = urlsplit(served.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=END_S)
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEYS[tenant]}", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection


def all_of(connection: socket.socket) -> bytes:
    """What comes until the end of the answer."""
    parts = []
    while not b"".join(parts[-2:]).endswith(b"\r\n0\r\n\r\n") and (part := connection.recv(65536)):
        parts.append(part)
    return b"".join(parts)


def test_a_crowd_that_waits_takes_no_connections_from_anybody(
    served: ServedApp, worker: ScriptedWorker, valkey: ValkeyServer
) -> None:
    worker.heartbeat()
    followed, polled = worker.submit(), worker.submit()
    bob, bobs = served.client("bob"), worker.submit("bob")
    with ExitStack() as stack, closing(redis.Redis.from_url(valkey.url)) as spy:
        followers = [ask(served, f"/v1/videos/{followed.id}/events") for _ in range(CROWD)]
        pollers = [ask(served, f"/v1/videos/{polled.id}", "Prefer: wait=30") for _ in range(CROWD)]
        for connection in (*followers, *pollers):
            stack.callback(connection.close)
        assert all(connection.recv(65536).startswith(b"HTTP/1.1 200 ") for connection in followers)

        statuses = [bob.get(path).status_code for path in (f"/v1/videos/{bobs.id}", "/v1/videos", "/readyz")]
        num_connections = len(spy.client_list())
        for job in (followed, polled):
            worker.store.cancel(job.id)
        answers = [connection.recv(65536) for connection in pollers]

    assert statuses == [200, 200, 200]
    assert num_connections < CROWD
    assert all(answer.startswith(b"HTTP/1.1 200 ") and b'"cancelled"' in answer for answer in answers)


def test_each_of_a_crowd_is_told_every_event_once_and_in_order(served: ServedApp, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()
    crowd = [ask(served, f"/v1/videos/{job.id}/events") for _ in range(20)]
    for percent in range(60):
        worker.tell(job, percent)
    worker.finish(job)
    bodies = [all_of(connection) for connection in crowd]
    ids = [event.id for event in worker.store.events_after(job.id)]

    assert len(ids) == 63
    for body in bodies:
        assert re.findall(r"^id: (\S+)\r$", body.decode(), re.MULTILINE) == ids


@pytest.fixture
def scarce(store_settings: StoreSettings, tmp_path: Path) -> Iterator[ServedApp]:
    """A server where a tenant may wait only so many times at once."""
    app = ServedApp(settings_for(store_settings, tmp_path, limits={"max_waits_per_tenant": SHARE}))
    app.start()
    yield app
    app.stop()


@pytest.mark.parametrize("how", ["stream", "poll"])
def test_a_tenant_over_its_share_of_waits_is_a_429_until_one_of_its_clients_leaves(
    scarce: ServedApp, worker: ScriptedWorker, how: str
) -> None:
    job, bobs = worker.submit(), worker.submit("bob")
    path, headers = {
        "stream": (f"/v1/videos/{job.id}/events", ()), "poll": (f"/v1/videos/{job.id}", ("Prefer: wait=60",)),
    }[how]  # fmt: skip
    waiting = [ask(scarce, path, *headers) for _ in range(SHARE)]
    alice, bob = scarce.client("alice"), scarce.client("bob")

    def refused() -> bool:
        return alice.get(f"/v1/videos/{job.id}", headers={"Prefer": "wait=1"}).status_code == 429

    assert comes_true(refused)
    answer = alice.get(f"/v1/videos/{job.id}/events")
    others = bob.get(f"/v1/videos/{bobs.id}", headers={"Prefer": "wait=1"})
    waiting[0].close()
    is_free = comes_true(lambda: not refused())
    for connection in waiting[1:]:
        connection.close()

    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "waits_exceeded")
    assert answer.headers["retry-after"]
    assert f"{SHARE} waits of yours" in answer.json()["detail"]
    assert others.status_code == 200
    assert is_free


def test_a_create_that_finds_no_place_to_wait_is_answered_at_once(scarce: ServedApp, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    job = worker.submit()
    waiting = [ask(scarce, f"/v1/videos/{job.id}/events") for _ in range(SHARE)]
    assert all(connection.recv(65536) for connection in waiting)

    answer = create(scarce.client("alice"), {"Prefer": "wait=60"})
    for connection in waiting:
        connection.close()

    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


def test_a_stop_ends_streams_whole_and_answers_polls(settings: Settings, worker: ScriptedWorker) -> None:
    served = ServedApp(settings)
    served.start()
    job = worker.submit()
    stream = ask(served, f"/v1/videos/{job.id}/events")
    poll = ask(served, f"/v1/videos/{job.id}", "Prefer: wait=60")
    first = stream.recv(65536)
    began_at_s = time.monotonic()

    served.stop()
    rest, answer = all_of(stream), all_of(poll)

    assert first.startswith(b"HTTP/1.1 200 ")
    assert (first + rest).endswith(b"\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == "queued"
    assert time.monotonic() - began_at_s < 5


def test_who_waits_hears_what_changed_while_the_store_was_away(tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    valkey = ValkeyServer(tmp_path / "valkey", appendfsync="always")
    valkey.start()
    settings = settings_for(StoreSettings.model_validate({"url": valkey.url}), tmp_path)
    store, served = JobStore(settings.store), ServedApp(settings)
    served.start()
    job = ScriptedWorker(store, open_storage(settings)).submit()
    answers: list[httpx.Response] = []
    client = served.client("alice")
    thread = threading.Thread(
        target=lambda: answers.append(client.get(f"/v1/videos/{job.id}", headers={"Prefer": "wait=14"}))
    )
    thread.start()
    thread.join(0.5)

    valkey.kill()
    valkey.start()
    store.cancel(job.id)
    began_at_s = time.monotonic()
    thread.join(END_S)
    took_s = time.monotonic() - began_at_s
    served.stop()
    store.close()
    valkey.stop()

    assert answers[0].json()["status"] == "cancelled"
    assert took_s < 5

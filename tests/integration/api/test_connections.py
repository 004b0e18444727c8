"""Laws of connections: a request's head has bounds of size and time, an address its share, and old HTTP its framing."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobs.settings import Settings, StoreSettings
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for

HEAD_S, PER_ADDRESS, MAX_HEAD_BYTES = 0.5, 8, 64_000
END_S = 5.0
ASK = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    connections = {"head_timeout_s": HEAD_S, "max_per_address": PER_ADDRESS, "max_head_bytes": MAX_HEAD_BYTES}
    return settings_for(store_settings, tmp_path, connections=connections)


def connect(served: ServedApp) -> socket.socket:
    address = urlsplit(served.url)
    return socket.create_connection((address.hostname, address.port), timeout=END_S)


def all_of(connection: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        parts.append(b"<reset>")
    return b"".join(parts)


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["code"]


@pytest.mark.parametrize("header", [b"X-Long: " + b"x" * 10**7, b"".join(b"X-%d: 1\r\n" % n for n in range(10**5))])
def test_a_head_over_its_bound_is_a_431_however_long_it_goes_on(served: ServedApp, header: bytes) -> None:
    with connect(served) as connection:
        connection.sendall(ASK)
        with suppress(OSError):  # it is refused meanwhile
            connection.sendall(header)
        answer = all_of(connection)

    assert code_of(answer) == (431, "request_head_too_large")


@pytest.mark.parametrize("over", [-200, 200])
def test_the_bound_of_a_head_is_met_exactly_enough(served: ServedApp, over: int) -> None:
    with connect(served) as connection:
        header = b"X-Long: " + b"x" * (MAX_HEAD_BYTES - len(ASK) + over)
        connection.sendall(ASK + b"Connection: close\r\n" + header + b"\r\n\r\n")
        answer = all_of(connection)

    assert answer.startswith(b"HTTP/1.1 200 " if over < 0 else b"HTTP/1.1 431 ")


def test_trailers_and_the_names_of_chunks_are_bounded_like_heads(served: ServedApp) -> None:
    head = f"POST /v1/videos HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {KEYS['alice']}\r\n".encode()
    head += b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    for endless in (b"1;" + b"x" * 10**7, b"1\r\nx\r\n0\r\nX-Long: " + b"x" * 10**7):
        with connect(served) as connection:
            connection.sendall(head)
            with suppress(OSError):
                connection.sendall(endless)
            all_of(connection)  # ends

    assert served.client().get("/livez").status_code == 200


@pytest.mark.parametrize("said", [b"", b"\r\n", b"GET /live", ASK + b"X-Slow: y"])
@pytest.mark.parametrize("asked_before", [False, True])
def test_who_is_silent_or_drips_is_hung_up_on_after_the_time_of_a_head(
    served: ServedApp, said: bytes, asked_before: bool
) -> None:
    with connect(served) as connection:
        if asked_before:
            connection.sendall(ASK + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(said or b"\r\n" * asked_before)
        connection.settimeout(0.05)  # its beat: one byte each
        began_at_s, answer = time.monotonic(), None
        while answer is None and time.monotonic() - began_at_s < END_S:
            try:
                answer = connection.recv(65536)
                break
            except TimeoutError:
                if said:
                    connection.sendall(said[-1:])
        took_s = time.monotonic() - began_at_s

    assert answer is not None
    assert answer == b"" or code_of(answer) == (408, "request_head_too_slow")
    assert took_s < HEAD_S + 1.5


def test_the_time_of_a_head_does_not_cut_answers_or_bodies_that_take_longer(
    served: ServedApp, worker: ScriptedWorker
) -> None:
    job = worker.submit()

    answer = served.client().get(f"/v1/videos/{job.id}", headers={"Prefer": f"wait={int(3 * HEAD_S) + 1}"})

    assert answer.status_code == 200


def test_silent_connections_of_an_address_make_place_for_who_asks(served: ServedApp) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(connect(served)) for _ in range(3 * PER_ADDRESS)]
        asking = stack.enter_context(connect(served))
        asking.sendall(ASK + b"\r\n")
        answer = asking.recv(65536)

        assert answer.startswith(b"HTTP/1.1 200 ")
        assert all(all_of(connection) in (b"", b"<reset>") for connection in silent[: 2 * PER_ADDRESS])


def test_of_connections_that_ask_nothing_the_one_idle_longest_makes_place(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    served = ServedApp(settings_for(store_settings, tmp_path, connections={"max_per_address": PER_ADDRESS}))
    served.start()
    with ExitStack() as stack:
        stack.callback(served.stop)
        kept = [stack.enter_context(connect(served)) for _ in range(PER_ADDRESS)]
        for connection in reversed(kept):  # the last that came was the first to fall silent
            connection.sendall(ASK + b"\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        newcomers = [stack.enter_context(connect(served)) for _ in range(2)]
        for newcomer in newcomers:
            newcomer.sendall(ASK + b"\r\n")
            assert newcomer.recv(65536).startswith(b"HTTP/1.1 200 ")
        hung_up = [all_of(connection) for connection in kept[-2:]]
        kept[0].sendall(ASK + b"\r\n")

        assert set(hung_up) <= {b"", b"<reset>"}
        assert kept[0].recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def crowded(served: ServedApp, worker: ScriptedWorker) -> Iterator[str]:
    """The path of a video that as many follow as one address may; each is busy."""
    path = f"/v1/videos/{worker.submit().id}/events"
    with ExitStack() as stack:
        for _ in range(PER_ADDRESS):
            answer = stack.enter_context(served.client().stream("GET", path))
            assert answer.status_code == 200
        yield path


def test_an_address_whose_connections_are_all_busy_gets_no_more(served: ServedApp, crowded: str) -> None:
    with connect(served) as connection:
        answer = all_of(connection)

    assert code_of(answer) == (429, "too_many_connections")
    assert b"retry-after: " in answer.lower()


def test_old_http_gets_a_stream_without_chunks_that_ends_with_the_connection(
    served: ServedApp, worker: ScriptedWorker
) -> None:
    job = worker.complete_one()
    with connect(served) as connection:
        ask = f"GET /v1/videos/{job.id}/events HTTP/1.0\r\nAuthorization: Bearer {KEYS['alice']}\r\n\r\n"
        connection.sendall(ask.encode())
        head, _, body = all_of(connection).partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head.lower()
    assert head.lower().count(b"connection: ") == 1
    assert b"connection: close" in head.lower()
    assert body.startswith(b"id: ")
    assert body.rstrip().endswith(b"}")


def test_old_http_gets_an_answer_of_known_length_as_it_is(served: ServedApp, worker: ScriptedWorker) -> None:
    job = worker.complete_one()
    with connect(served) as connection:
        ask = f"GET /v1/videos/{job.id} HTTP/1.0\r\nAuthorization: Bearer {KEYS['alice']}\r\n\r\n"
        connection.sendall(ask.encode())
        head, _, body = all_of(connection).partition(b"\r\n\r\n")

    assert f"content-length: {len(body)}".encode() in head.lower()
    assert json.loads(body)["id"] == job.id

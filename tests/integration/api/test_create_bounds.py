"""Laws of bounds: what is too long, too slow or cut off is refused early, and leaves nothing."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from tests.integration.api.creating import FILES, PNG, WAV, create, nothing_is_left, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for
from tests.waiting import comes_true

LIMITS = {
    "max_image_bytes": 100_000, "max_audio_bytes": 300_000, "max_driving_video_bytes": 400_000,
    "max_driving_keypoints_bytes": 100_000, "max_captions_bytes": 1000, "max_field_bytes": 1000,
    "max_fields": 20, "min_upload_bytes_per_s": 10_000, "upload_grace_s": 0.3, "upload_idle_timeout_s": 1.0,
}  # fmt: skip
MAX_BODY_BYTES = 2 * 100_000 + 300_000 + 400_000 + 100_000 + 1000 + 20 * 1000
ANSWERS_WITHIN_S = 3.0


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path, limits=LIMITS)


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def head(length: int | None, key: str = KEYS["alice"]) -> bytes:
    """Return the head of a create with a body of this length; None: chunked."""
    body = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST /v1/videos HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n{body}\r\n\r\n"
    ).encode()


def part(name: str, content: bytes) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode() + content + b"\r\n"


def connect(served: ServedApp) -> socket.socket:
    address = urlsplit(served.url)
    return socket.create_connection((address.hostname, address.port), timeout=15.0)


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """Return status and body of what the server answers."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def test_a_declared_length_over_the_bound_is_refused_before_a_byte_is_sent(
    served: ServedApp, settings: Settings, store: JobStore
) -> None:
    with connect(served) as connection:
        connection.sendall(head(MAX_BODY_BYTES + 1))

        status, body = answer_of(connection)

    assert status == 413
    assert b"payload_too_large" in body
    assert nothing_is_left(settings, store)


def test_a_body_without_length_is_cut_at_the_bound(served: ServedApp, settings: Settings, store: JobStore) -> None:
    def endless() -> Iterator[bytes]:
        yield part("image", PNG) + part("audio", WAV) + b"--b--\r\n"
        for _ in range(100_000):
            yield bytes(65536)  # behind the last boundary, where the parser looks no more

    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    answer = served.client().post("/v1/videos", content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")
    assert answer.elapsed.total_seconds() < ANSWERS_WITHIN_S
    assert nothing_is_left(settings, store)


@pytest.mark.parametrize(("name", "start"), [("image", PNG), ("audio", WAV), ("driving_video", b"\0\0\0\x20ftypisom")])
def test_a_file_over_its_own_cap_is_a_413_while_it_comes(
    served: ServedApp, settings: Settings, store: JobStore, name: str, start: bytes
) -> None:
    content = start + bytes(LIMITS[f"max_{name}_bytes"])  # type: ignore[arg-type]

    answer = served.client().post("/v1/videos", files={**FILES, name: ("f", content)})

    assert (answer.status_code, answer.json()["error"]["param"]) == (413, name)
    assert nothing_is_left(settings, store)


def test_a_chunked_file_over_its_cap_is_a_413_long_before_its_end(
    served: ServedApp, settings: Settings, store: JobStore
) -> None:
    def endless() -> Iterator[bytes]:
        yield part("audio", WAV)[:-2]
        for _ in range(100_000):
            yield bytes(65536)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = served.client().post("/v1/videos", content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "audio")
    assert answer.headers["connection"] == "close"
    assert nothing_is_left(settings, store)


def test_every_other_body_is_bounded_too(served: ServedApp) -> None:
    answer = served.client().post("/v1/limits", content=b"x" * 2000)

    assert answer.status_code == 413


def test_a_hundred_thousand_parts_are_refused_at_once(served: ServedApp, settings: Settings, store: JobStore) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 10_000 + b"--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    answer = served.client().post("/v1/videos", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.elapsed.total_seconds() < ANSWERS_WITHIN_S
    assert nothing_is_left(settings, store)


def test_a_client_that_stops_sending_is_cut(served: ServedApp, settings: Settings, store: JobStore) -> None:
    began_at_s = time.monotonic()
    with connect(served) as connection:
        connection.sendall(head(50_000) + part("image", PNG)[:1000])

        status, body = answer_of(connection)
        end = connection.recv(1)

    assert (status, end) == (408, b"")
    assert b"upload_too_slow" in body
    assert time.monotonic() - began_at_s < 1.0 + ANSWERS_WITHIN_S
    assert nothing_is_left(settings, store)


def test_a_client_that_drips_is_cut(served: ServedApp, settings: Settings, store: JobStore) -> None:
    with connect(served) as connection:
        connection.sendall(head(50_000))
        connection.settimeout(0.1)  # its beat: one byte each
        status = 0
        for byte in part("image", PNG)[:100]:
            connection.sendall(bytes([byte]))
            try:
                status, _ = answer_of(connection)
                break
            except TimeoutError:
                continue

    assert status == 408
    assert nothing_is_left(settings, store)


@pytest.mark.parametrize("sent_share", [0.0, 0.1, 0.9, 0.999])
def test_a_client_that_hangs_up_leaves_nothing(
    served: ServedApp, settings: Settings, store: JobStore, sent_share: float
) -> None:
    body = part("image", PNG) + part("audio", WAV * 10) + b"--b--\r\n"
    with connect(served) as connection:
        connection.sendall(head(len(body)) + body[: int(len(body) * sent_share)])
        assert comes_true(lambda: any(settings.scratch_folder.glob("upload.*")))  # else it may begin after our look

    assert comes_true(lambda: not any(settings.scratch_folder.glob("upload.*")))
    assert served.client().get("/livez").status_code == 200
    assert nothing_is_left(settings, store)


def test_a_client_that_never_read_its_answer_finds_its_job_by_its_key(served: ServedApp, store: JobStore) -> None:
    request = httpx.Request("POST", f"{served.url}/v1/videos", files=FILES)
    body = request.read()
    lines = [
        "POST /v1/videos HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {KEYS['alice']}", "Idempotency-Key: k",
        f"Content-Type: {request.headers['content-type']}", f"Content-Length: {len(body)}", "", "",
    ]  # fmt: skip
    with connect(served) as connection:
        connection.sendall("\r\n".join(lines).encode() + body)
        assert comes_true(lambda: num_jobs(store) == 1)

    assert create(served.client(), {"Idempotency-Key": "k"}).headers["idempotent-replayed"] == "true"
    assert num_jobs(store) == 1


def test_a_new_server_removes_what_a_killed_one_was_reading(settings: Settings) -> None:
    left = settings.scratch_folder / "upload.left"
    left.mkdir(parents=True)
    (left / "part0").write_bytes(WAV)
    served = ServedApp(settings)
    served.start()

    assert comes_true(lambda: not left.exists())
    served.stop()


def test_a_tenant_holds_no_more_places_for_uploads_than_it_leaves_free(
    store_settings: StoreSettings, tmp_path: Path
) -> None:
    limits = {"max_concurrent_uploads": 4, "upload_idle_timeout_s": 10.0}
    served = ServedApp(settings_for(store_settings, tmp_path, limits=limits))
    served.start()
    with connect(served) as first, connect(served) as second:
        for connection in (first, second):
            connection.sendall(head(50_000) + part("image", PNG)[:1000])
        assert comes_true(lambda: create(served.client()).status_code == 429)
        third, bobs = create(served.client()), create(served.client("bob"))
    accepted = comes_true(lambda: create(served.client()).status_code == 202)
    served.stop()

    assert (third.status_code, third.json()["error"]["code"]) == (429, "uploads_exceeded")
    assert third.headers["retry-after"]
    assert bobs.status_code == 202
    assert accepted


def test_a_long_body_must_come_as_fast_as_its_length_asks(store_settings: StoreSettings, tmp_path: Path) -> None:
    limits = {"max_upload_s": 10.0, "min_upload_bytes_per_s": 100, "upload_grace_s": 0.3}
    served = ServedApp(settings_for(store_settings, tmp_path, limits=limits))
    served.start()
    statuses = {}
    for length in (10_000, 10_000_000):  # 1 kB/s are asked for, and 1 MB/s
        with connect(served) as connection:
            connection.sendall(head(length) + part("image", PNG)[:500])
            connection.settimeout(0.1)  # its beat: 1 kB each
            for _ in range(10):
                connection.sendall(bytes(900))
                try:
                    statuses[length] = answer_of(connection)[0]
                    break
                except TimeoutError:
                    continue
    served.stop()

    assert statuses == {10_000_000: 408}


def test_more_uploads_at_once_than_may_be_are_a_503(store_settings: StoreSettings, tmp_path: Path) -> None:
    limits = {"max_concurrent_uploads": 1, "upload_idle_timeout_s": 10.0}
    served = ServedApp(settings_for(store_settings, tmp_path, limits=limits))
    served.start()
    with connect(served) as connection:
        connection.sendall(head(50_000) + part("image", PNG)[:1000])
        refused = served.client().get("/livez") and comes_true(lambda: create(served.client()).status_code == 503)
    accepted = comes_true(lambda: create(served.client()).status_code == 202)
    served.stop()

    assert refused
    assert accepted

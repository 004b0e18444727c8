"""Laws of headers: whatever stands in one that the code reads, the answer is no 500 and the service goes on."""

import ast
import socket
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import api
from api.auth import FORWARDING_HEADERS
from api.routes.events import follow_video
from jobs.settings import StoreSettings
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.api.creating import FILES
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp, settings_for
from tests.integration.valkey import ValkeyServer

ANSWERS_WITHIN_S = 10.0
NASTY = (
    b"", b"1" * 5000, b"-1", b"1_0", b"\xb2", b"\xff\xfe", b"\xd9\xa5", b"http://[", b"[", b"\x7f\x01", b"a" * 8000,
    b'"' * 99, b"," * 99, b"=;=;", b"bytes=" + b"9" * 4000 + b"-", b"wait=" + b"9" * 4500, b"Bearer " + b"\xe9" * 600,
    b"multipart/form-data; boundary*" + b"9" * 4500 + b"=x", b"multipart/form-data; \xb5=1; boundary=\xff",
    b"application/json; charset=utf-16", b"9" * 19 + b"-" + b"9" * 19, b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00",
)  # fmt: skip
LETTERS = st.sampled_from((string.printable.strip() + " \t\xff\xe9\xb2").encode("latin-1"))
VALUES = st.one_of(st.sampled_from(NASTY), st.lists(LETTERS, max_size=80).map(bytes))


def headers_that_are_read() -> set[str]:
    """Names in the API's source: what is got from, or looked for in, the headers of a request."""
    names = {*FORWARDING_HEADERS}
    for path in Path(api.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(ast.Attribute(value=of, attr="get" | "getlist"), [ast.Constant(value=str(name)), *_]):
                    names |= {name.lower()} if ast.unparse(of).endswith(("headers", "asked", ")")) else set()
                case ast.Compare(ast.Constant(value=str(name)), [ast.In() | ast.NotIn()], [ast.Name(id="headers")]):
                    names.add(name)
    names |= {name.replace("_", "-") for name in follow_video.__annotations__ if name == "last_event_id"}
    return names


READ = sorted({name for name in headers_that_are_read() if name.replace("-", "").isalpha()})


@dataclass(frozen=True)
class Question:
    """A request but for the header that is put in."""

    method: str
    path: str
    body: bytes = b""
    kind: bytes = b"application/json"


class Asked:
    """A server, and a finished video to ask it about."""

    def __init__(self, app: ServedApp, video_id: str, key: str | None) -> None:
        self.app, self._key = app, key
        form = httpx.Request("POST", app.url, files=FILES)
        multipart = (form.read(), form.headers["content-type"].encode())
        video = f"/v1/videos/{video_id}"
        self.questions = (
            Question("POST", "/v1/videos", *multipart), Question("POST", "/v1/videos/validate", *multipart),
            Question("GET", video), Question("GET", "/v1/videos?limit=1"), Question("GET", f"{video}/content"),
            Question("GET", f"{video}/events"), Question("POST", f"{video}/remix", b"{}"), Question("GET", "/readyz"),
        )  # fmt: skip

    def status(self, question: Question, name: str, value: bytes) -> int:
        """The status of the answer; 0 when the server only hung up."""
        headers = {
            "host": self.app.url.removeprefix("http://").encode(), "content-type": question.kind,
            "content-length": str(len(question.body)).encode(), "connection": b"close",
        }  # fmt: skip
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key}".encode()
        lines = [each.encode() + b": " + text for each, text in {**headers, name: value}.items()]
        head = b"\r\n".join([f"{question.method} {question.path} HTTP/1.1".encode(), *lines, b"", b""])
        host, _, port = self.app.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), ANSWERS_WITHIN_S) as connection:
            connection.sendall(head + question.body)
            if name in ("content-length", "transfer-encoding"):
                connection.shutdown(socket.SHUT_WR)  # no more will come, whatever was promised
            try:
                first = connection.recv(64)
            except ConnectionResetError:
                return 0
        return int(first.split(b" ")[1]) if first else 0


@pytest.fixture(scope="module", params=["with keys", "open"])
def asked(
    request: pytest.FixtureRequest, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    store = StoreSettings.model_validate({"url": valkey.url, "key_prefix": f"headers {request.param}:"})
    rates = dict.fromkeys(("creates", "validations", "failed_logins"), "100000/minute")
    limits = {"max_wait_s": 0, "max_active_jobs_per_tenant": 10_000}
    settings = settings_for(store, tmp_path_factory.mktemp("headers"), rate_limits=rates, limits=limits)
    is_open = request.param == "open"
    app = ServedApp(settings.model_copy(update={"api_keys": ()}) if is_open else settings)
    app.start()
    jobs = JobStore(store)
    worker = ScriptedWorker(jobs, open_storage(settings))
    worker.heartbeat()
    done = worker.complete_one("default" if is_open else "alice")
    yield Asked(app, done.id, None if is_open else KEYS["alice"])
    jobs.close()
    app.stop()


def test_the_source_tells_which_headers_are_read() -> None:
    known = {
        "authorization", "content-type", "content-encoding", "host", "idempotency-key", "if-none-match", "if-range",
        "last-event-id", "origin", "prefer", "range", "sec-fetch-site", "traceparent", "x-request-id",
        "x-stainless-retry-count", "x-forwarded-for", "content-length", "transfer-encoding",
    }  # fmt: skip

    assert known <= set(READ)


def test_each_nasty_value_in_each_header_is_answered(asked: Asked) -> None:
    cases = [(name, value) for name in READ for value in NASTY]
    create, *others = asked.questions

    found = {}
    for index, (name, value) in enumerate(cases):
        question = create if value in NASTY[:3] else others[index % len(others)]  # a create takes ten times as long
        found[name, value[:40], question.path] = asked.status(question, name, value)

    assert {case for case, status in found.items() if status == 500} == set()
    assert sum(status == 0 for status in found.values()) < len(found) / 10
    assert asked.app.client(None).get("/livez").status_code == 200


@given(number=st.integers(0, 7), name=st.sampled_from(READ), value=VALUES)
@hypothesis_settings(
    max_examples=200, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_any_value_in_any_header_is_answered(asked: Asked, number: int, name: str, value: bytes) -> None:
    assert asked.status(asked.questions[number], name, value) != 500

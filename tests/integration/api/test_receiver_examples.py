"""Laws of the webhook receivers in docs/http-api.md, which run as they stand: 401 to whatever we did not sign."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from tests.integration.valkey import free_port, port_answers
from tests.unit.api.test_documentation import PYTHON, TEXT

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"type":"video.completed","data":{"id":"video_0","prompt":"\xc3\xa9"}}'
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
ANSWERS_WITHIN_S = 30.0
JAVASCRIPT = re.findall(r"```javascript\n(.*?)```", TEXT, re.DOTALL)
PACKAGES = ("standardwebhooks@1.0.0", "express@5.3.0")
WRONG = {
    "webhook-id": (b"", b"msg_other", b"\xe9"),
    "webhook-timestamp": (b"", b"x", b"nan", b"inf", b"1e400", b"-1", b"0", b"9" * 400, b"1_0", b"\xb2"),
    "webhook-signature": (
        b"", b"x", b",", b"v1", b"v1,", b"v1,a", b"v1,!!!!", b"v1,a,b", b"v2,x", b"v1,\xe9\xe9\xe9", b",,,,",
        b"v1,====",
    ),
}  # fmt: skip


def signed(body: bytes = BODY) -> dict[str, bytes]:
    """The headers of a delivery of now."""
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("msg_1", now, body.decode())
    return dict(zip(NAMES, (b"msg_1", str(int(now.timestamp())).encode(), signature.encode()), strict=True))


def python_receiver(folder: Path, port: int) -> list[str]:
    (source,) = (each for each in PYTHON if "on_event" in each)
    (folder / "receiver.py").write_text(source)
    return [sys.executable, "-m", "uvicorn", "receiver:app", "--port", str(port), "--log-level", "error"]


def javascript_receiver(folder: Path, port: int) -> list[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("no Node here")
    (folder / "package.json").write_text("{}")
    install = [npm, "install", "--prefer-offline", "--no-audit", "--no-fund", *PACKAGES]
    if subprocess.run(install, cwd=folder, capture_output=True, timeout=120).returncode != 0:
        pytest.skip(f"{' and '.join(PACKAGES)} are neither in npm's cache nor within reach")
    (source,) = (each for each in JAVASCRIPT if "express" in each)
    (folder / "receiver.mjs").write_text(source)
    return [node, "receiver.mjs"]


@pytest.fixture(scope="module", params=[python_receiver, javascript_receiver], ids=["python", "javascript"])
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder, port = tmp_path_factory.mktemp("receiver"), free_port()
    command = request.param(folder, port)
    environment = os.environ | {"MMGT_WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        ends_at_s = time.monotonic() + ANSWERS_WITHIN_S
        while not port_answers(port):
            assert process.poll() is None
            assert time.monotonic() < ends_at_s
            time.sleep(0.05)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
        process.kill()


def deliver(receiver: httpx.Client, headers: dict[str, bytes], body: bytes = BODY) -> int:
    """The status that a delivery is answered with."""
    kind = {"content-type": b"application/json"}
    return receiver.post("/hooks/video", content=body, headers=kind | headers).status_code  # type: ignore[arg-type]


def test_what_we_signed_is_taken(receiver: httpx.Client) -> None:
    assert deliver(receiver, signed()) in (200, 204)


def test_a_delivery_larger_than_any_video_object_with_a_full_prompt_is_taken(receiver: httpx.Client) -> None:
    body = BODY.replace(b"\xc3\xa9", b"\\u00e9" * 32_000)

    assert deliver(receiver, signed(body), body) in (200, 204)


@pytest.mark.parametrize("name", NAMES)
def test_a_header_that_is_missing_or_malformed_is_a_401(receiver: httpx.Client, name: str) -> None:
    others = {other: value for other, value in signed().items() if other != name}

    found = {value: deliver(receiver, others | {name: value}) for value in WRONG[name]}

    assert deliver(receiver, others) == 401
    assert {value: status for value, status in found.items() if status != 401} == {}


def test_another_body_and_one_that_is_no_text_are_a_401(receiver: httpx.Client) -> None:
    assert [deliver(receiver, signed(), body) for body in (BODY + b" ", b"\xff\xfe", b"")] == [401, 401, 401]


LETTERS = st.sampled_from([bytes([code]) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100))])


@given(name=st.sampled_from(NAMES), value=st.lists(LETTERS, max_size=40).map(b"".join))
@hypothesis_settings(
    max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
def test_any_header_in_place_of_ours_is_a_401(receiver: httpx.Client, name: str, value: bytes) -> None:
    assert deliver(receiver, signed() | {name: value.strip()}) == 401

"""Laws of HTML forms: an input that was left empty is absent, for every field of every route that takes a form."""

import httpx
import pytest

from api.fields import CreateFields
from tests.integration.api.creating import MP4, PNG, WAV, create
from tests.integration.api.scripted_worker import ScriptedWorker

TEXTS = (*CreateFields.model_fields, "metadata[scene]", "webhook_events[]")
FILES = ("image", "input_reference", "audio", "driving_video")
HEADERS = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def text_input(name: str, text: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()


def file_input(name: str, content: bytes = b"", file_name: str = "") -> bytes:
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
    return head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"


def form(*filled: bytes) -> bytes:
    """What a browser sends of a form with every input of a create, of which only some were filled in."""
    return b"".join((*map(text_input, TEXTS), *map(file_input, FILES), *filled, b"--b--\r\n"))


def test_a_create_takes_the_defaults_for_inputs_that_were_left_empty(alice: httpx.Client) -> None:
    filled = form(file_input("image", PNG, "a.png"), file_input("audio", WAV, "a.wav"), text_input("seed", "7"))

    plain = create(alice, seed="7").json()
    answer = alice.post("/v1/videos", content=filled, headers=HEADERS)

    own = ("id", "created_at", "progress_detail")
    assert answer.status_code == 202, answer.text
    assert {k: v for k, v in answer.json().items() if k not in own} == {k: v for k, v in plain.items() if k not in own}


def test_without_its_files_a_form_lacks_them_and_nothing_else_is_wrong(alice: httpx.Client) -> None:
    answer = alice.post("/v1/videos", content=form(), headers=HEADERS)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/image", "/audio"]


def test_validate_reads_a_form_as_a_create_does(alice: httpx.Client) -> None:
    filled = form(file_input("image", PNG, "a.png"), file_input("driving_video", MP4, "a.mp4"))

    answer = alice.post("/v1/videos/validate", content=filled, headers=HEADERS)

    assert answer.json()["error"]["code"] == "preflight_unavailable", answer.text  # nobody is here to look


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"])
def test_a_remix_keeps_what_was_left_empty(alice: httpx.Client, kind: str) -> None:
    source = create(alice, seed="7", prompt="hello", **{"metadata[scene]": "intro"}).json()
    filled = form() if kind.startswith("multipart") else "&".join(f"{name}=" for name in TEXTS).encode()

    answer = alice.post(f"/v1/videos/{source['id']}/remix", content=filled, headers={"Content-Type": kind})

    assert answer.status_code == 202, answer.text
    kept = ("seed", "prompt", "metadata", "model")
    assert [answer.json()[name] for name in kept] == [source[name] for name in kept]


def test_verify_lacks_a_video_that_was_left_empty_and_minds_no_other_input(alice: httpx.Client) -> None:
    nothing = alice.post("/v1/verify", content=form(file_input("video")), headers=HEADERS)
    video = alice.post("/v1/verify", content=form(file_input("video", MP4, "a.mp4")), headers=HEADERS)

    assert (nothing.status_code, nothing.json()["error"]["code"]) == (422, "missing_field")
    assert video.json()["error"]["code"] == "preflight_unavailable", video.text

"""Laws of what is sent: every route is reached, by both clients; fields as JSON, files as they are; the key alone."""

import io
import json
import pickle
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import mmgt
from api.app import create_app
from api.openapi import OPEN_PATHS
from jobs.settings import Settings
from mmgt import downloading, events, service, videos, waiting
from mmgt.client import AsyncVideos, Videos
from mmgt.errors import NotCompleted, Refused, TryLater, UnexpectedAnswer, WaitTimedOut
from mmgt.forms import form_of
from mmgt.paths import video_path
from mmgt.patience import Patience
from mmgt.steps import Flow
from tests.unit.client.walking import call_of, video

KEY = "mmgt_not-to-be-told"
OPERATIONS: dict[Callable[..., Any], tuple[str, ...]] = {
    videos.retrieve: ("I",), videos.cancel: ("I",), videos.delete: ("I",), videos.deliveries: ("I",),
    videos.redeliver: ("I", "D"), videos.remix: ("I",), videos.create: (), videos.create_and_wait: (),
    videos.validate: (), videos.list_page: (), videos.every: (), waiting.wait: ("I",), events.events: ("I",),
    downloading.content: ("I",), service.models: (), service.queue: (), service.limits: (), service.voices: (),
    service.verify: (b"x",),
}  # fmt: skip


def first_call(operation: Callable[..., Any], *words: str) -> tuple[str, str]:
    call = call_of(Flow(operation(Patience(), *words)).next())
    return call.method.lower(), re.sub(r"/D\b", "/{delivery_id}", re.sub(r"/I\b", "/{video_id}", call.path))


def test_every_operation_of_the_service_can_be_called() -> None:
    paths = create_app(Settings()).openapi()["paths"]
    there = {(method, path) for path, methods in paths.items() if path not in OPEN_PATHS for method in methods}

    assert {first_call(operation, *words) for operation, words in OPERATIONS.items()} == there


def test_both_clients_have_the_same_operations() -> None:
    def names(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert names(Videos) == names(AsyncVideos)
    assert names(mmgt.Client) == names(mmgt.AsyncClient)
    assert len(names(Videos)) == 17


def test_fields_are_sent_as_json_and_what_is_none_is_not() -> None:
    form = form_of(
        {"seed": 7, "consent": True, "loop": False, "guidance_scale": 2.5, "prompt": "é", "metadata": {"a": "1"},
         "webhook_events": ["video.failed"], "model": None, "audio": None}
    )  # fmt: skip

    assert form.fields == {
        "seed": "7", "consent": "true", "loop": "false", "guidance_scale": "2.5", "prompt": "é",
        "metadata": json.dumps({"a": "1"}), "webhook_events": '["video.failed"]',
    }  # fmt: skip
    assert form.files == {}


def test_a_file_may_be_a_path_bytes_or_open_and_is_sent_again_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"image")
    opened = io.BytesIO(b"audio")
    call = videos._making("/v1/videos", {"image": str(path), "audio": opened, "driving_video": b"video"}, "k")
    bodies = []

    with httpx.Client(base_url="http://there") as http:
        for _ in range(2):
            with call.request(http) as request:
                bodies.append(request.read())

    assert [all(part in body for part in (b"image", b"audio", b"video")) for body in bodies] == [True, True]
    assert [body.count(b"form-data") for body in bodies] == [3, 3]


def test_a_stream_is_given_up_sooner_than_an_answer() -> None:
    client, stream = mmgt.Client("http://there", timeout_s=60.0), call_of(Flow(events.events(Patience(), "I")).next())

    with stream.request(client._http) as following, videos_call().request(client._http) as asking:
        reads = [request.extensions["timeout"]["read"] for request in (following, asking)]
        connects = [request.extensions["timeout"]["connect"] for request in (following, asking)]

    assert (reads, connects) == ([events.SILENT_S, 60.0], [10.0, 10.0])


def test_a_pipe_is_read_once_and_can_be_sent_twice() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    assert form_of({"image": Pipe(b"image")}).files == {"image": b"image"}


def test_a_field_of_a_newer_service_is_sent_as_what_it_is() -> None:
    form = form_of({"backdrop_of_2030": Path("b.png"), "wish_of_2030": 3})

    assert (form.fields, form.files) == ({"wish_of_2030": "3"}, {"backdrop_of_2030": Path("b.png")})


def test_an_id_stays_one_segment() -> None:
    assert video_path("a/../b", "events") == "/v1/videos/a%2F..%2Fb/events"
    for wrong in ("", ".", ".."):
        with pytest.raises(ValueError, match="is no id"):
            video_path(wrong)


@pytest.mark.parametrize("address", ["http://there", "http://there/", "http://there/v1", " http://there/v1/ "])
def test_an_address_may_have_the_version_behind_it(address: str) -> None:
    assert repr(mmgt.Client(address, KEY)) == "Client('http://there')"


def test_a_prefix_in_front_of_the_service_is_kept() -> None:
    client = mmgt.Client("https://there/mmgt/v1", KEY)

    with videos_call().request(client._http) as request:
        assert str(request.url) == "https://there/mmgt/v1/videos/video_1"


def videos_call() -> Any:
    return call_of(Flow(videos.retrieve(Patience(), "video_1")).next())


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MMGT_URL", "http://second"), ("MMGT_KEY", "second")):
        monkeypatch.setenv(name, value)
    second = mmgt.AsyncClient()
    for name, value in (("MMGT_BASE_URL", "http://first"), ("MMGT_API_KEY", "first")):
        monkeypatch.setenv(name, value)
    first = mmgt.AsyncClient()

    assert [repr(each) for each in (first, second)] == ["AsyncClient('http://first')", "AsyncClient('http://second')"]
    assert [each._http.headers["authorization"] for each in (first, second)] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("address", ["there:8000", "ftp://there", "no address", "http://"])
def test_what_is_no_address_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        mmgt.Client(address)


def test_the_key_and_a_password_are_told_nowhere() -> None:
    client = mmgt.Client("http://me:pass-word@127.0.0.1:1", KEY, max_retries=0)
    told = [repr(client), repr(client.videos), str(client)]
    with pytest.raises(mmgt.Unreachable) as error:
        client.videos.retrieve("video_1")
    told += ["".join(traceback.format_exception(error.value)), repr(error.value), repr(error.value.__cause__)]
    with pytest.raises(ValueError, match="the key has a character") as error_of_key:
        mmgt.Client("http://there", f"{KEY}\n{KEY}")
    told.append("".join(traceback.format_exception(error_of_key.value)))

    assert [text for text in told if KEY in text or "pass-word" in text] == []


@pytest.mark.parametrize(
    "error",
    [TryLater(429, {"detail": "too many"}, "req", 3.0), Refused(500, {}), UnexpectedAnswer(302, "http://a", None),
     NotCompleted(video(status="cancelled")), WaitTimedOut(video())],
)  # fmt: skip
def test_errors_pass_between_processes(error: mmgt.MmgtError) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))

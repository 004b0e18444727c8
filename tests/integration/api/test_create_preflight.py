"""Laws of preflight: a definite finding makes no job, silence makes one that looks for itself."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from jobs.job import JobOptions
from jobs.settings import Settings, StoreSettings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from tests.integration.api.creating import FILES, create, nothing_is_left
from tests.integration.api.scripted_preflight import ScriptedPreflight
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import settings_for

Serve = Callable[[dict[str, Any] | None], ScriptedPreflight]

GOOD = {
    "findings": [], "warnings": [{"code": "hands_out_of_frame", "message": "no hand is in the picture"}],
    "seconds": 3.2, "crop": "0,0,512,512", "num_frames": 80, "segments": 1, "estimate_s": 42.0,
    "keypoints": [[1.0, 2.0, 0.9]] * 134,
}  # fmt: skip
BAD = {
    "findings": [
        {"code": "audio_too_long", "message": "612.0 s exceeds 600 s", "param": "audio"},
        {"code": "image_no_person", "message": "no person was found", "param": "image"},
    ],
    "warnings": [],
}


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: object) -> Settings:
    return settings_for(store_settings, tmp_path, limits={"preflight_wait_s": 1.0})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


@pytest.fixture
def serve(settings: Settings, store: JobStore, storage: ObjectStorage) -> Iterator[Serve]:
    served: list[ScriptedPreflight] = []

    def start(answer: dict[str, Any] | None) -> ScriptedPreflight:
        served.append(ScriptedPreflight(settings, store, storage, answer))
        served[-1].start()
        return served[-1]

    yield start
    for preflight in served:
        preflight.stop()


def test_what_preflight_saw_is_in_the_job(alice: httpx.Client, store: JobStore, serve: Serve) -> None:
    preflight = serve(GOOD)

    video = create(alice).json()

    job = store.get(video["id"])
    assert job is not None
    assert (video["seconds"], video["warnings"]) == ("3.2", GOOD["warnings"])
    assert job.request.estimate_s == 42.0
    assert preflight.asked == [{"request_id": video["id"], "crop": "auto", "framing": "square", **job.request.inputs}]
    assert preflight.found_inputs == [True]


def test_a_video_is_estimated_by_those_of_its_mode_once_there_were_some(
    alice: httpx.Client, store: JobStore, worker: ScriptedWorker, serve: Serve
) -> None:
    worker.submit(options=JobOptions(seed=1, quality="fast"))
    worker.finish(worker.claim())  # 1.5 s for 3.2 s of video
    serve(GOOD)

    found = {}
    for quality in ("fast", "exact"):
        job = store.get(create(alice, quality=quality).json()["id"])
        assert job is not None
        found[quality] = job.request.estimate_s

    assert found == {"fast": 1.5, "exact": 42.0}


def test_preflight_looks_at_the_crop_that_the_client_asked_for(alice: httpx.Client, serve: Serve) -> None:
    preflight = serve(GOOD)

    create(alice, crop="1,2,300,300")

    assert [question["crop"] for question in preflight.asked] == ["1,2,300,300"]


def test_a_video_is_as_large_as_preflight_found_for_its_framing(
    alice: httpx.Client, store: JobStore, serve: Serve
) -> None:
    preflight = serve(GOOD | {"size": "1080x1920"})

    found = alice.post("/v1/videos/validate", files=FILES, data={"framing": "9:16"}).json()
    video = create(alice, framing="9:16").json()

    assert [question["framing"] for question in preflight.asked] == ["9:16", "9:16"]
    assert (found["size"], video["size"]) == ("1080x1920", "1080x1920")
    job = store.get(video["id"])
    assert job is not None
    assert job.request.options.framing == "9:16"


def test_a_finding_is_a_422_and_no_job(alice: httpx.Client, settings: Settings, store: JobStore, serve: Serve) -> None:
    serve(BAD)

    answer = create(alice, {"Idempotency-Key": "k"})

    body = answer.json()
    assert (answer.status_code, body["title"]) == (422, "Audio too long")
    assert [(row["pointer"], row["code"]) for row in body["errors"]] == [
        ("/audio", "audio_too_long"), ("/image", "image_no_person"),
    ]  # fmt: skip
    assert nothing_is_left(settings, store)


def test_a_finding_gives_the_idempotency_key_back(alice: httpx.Client, serve: Serve) -> None:
    serve(BAD)
    headers = {"Idempotency-Key": "k"}

    answers = [create(alice, headers).status_code for _ in range(2)]

    assert answers == [422, 422]


def test_no_answer_in_time_is_a_202(alice: httpx.Client, serve: Serve) -> None:
    serve(None)

    answer = create(alice)

    assert (answer.status_code, answer.json()["seconds"]) == (202, None)


def test_an_answer_that_cannot_be_read_is_no_answer(alice: httpx.Client, serve: Serve) -> None:
    serve({"findings": "?"})

    assert create(alice).status_code == 202


def test_two_creates_with_one_request_id_do_not_get_each_others_answer(
    alice: httpx.Client, store: JobStore, serve: Serve
) -> None:
    preflight = serve(GOOD)

    for _ in range(2):
        create(alice, {"X-Request-Id": "same"})

    assert len({question["request_id"] for question in preflight.asked}) == 2


def test_validate_reports_and_keeps_nothing(
    alice: httpx.Client, settings: Settings, store: JobStore, serve: Serve
) -> None:
    serve(GOOD)

    answer = alice.post("/v1/videos/validate", files=FILES)

    report = answer.json()
    assert (answer.status_code, report["valid"], report["findings"]) == (200, True, [])
    assert (report["seconds"], report["segments"], report["num_frames"]) == (3.2, 1, 80)
    assert (report["crop"], report["estimate_s"], len(report["keypoints"])) == ("0,0,512,512", 42.0, 134)
    assert answer.headers["ratelimit-policy"].startswith('"validations"')
    assert nothing_is_left(settings, store)


def test_validate_reports_findings_with_200(alice: httpx.Client, serve: Serve) -> None:
    serve(BAD)

    report = alice.post("/v1/videos/validate", files=FILES).json()

    assert report["valid"] is False
    assert report["findings"][1] == {"pointer": "/image", "code": "image_no_person", "detail": "no person was found"}


def test_validate_without_preflight_is_a_503_at_once(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    answer = alice.post("/v1/videos/validate", files=FILES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "preflight_unavailable")
    assert answer.headers["retry-after"]
    assert answer.elapsed.total_seconds() < 2.0
    assert nothing_is_left(settings, store)


def test_validate_refuses_fields_as_a_create_does(alice: httpx.Client, serve: Serve) -> None:
    serve(GOOD)

    answer = alice.post("/v1/videos/validate", files=FILES, data={"seed": "x"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "seed")


def test_validate_shows_what_was_decoded_to_who_asks(alice: httpx.Client, serve: Serve) -> None:
    shown = {"picture": {"width": 640, "height": 480, "url": "data:image/jpeg;base64,"}, "waveform": [0.5, 0.25]}
    preflight = serve({**GOOD, **shown, "frame": "0,0,512,512"})

    answer = alice.post("/v1/videos/validate", params={"looks": "true"}, files=FILES)
    alice.post("/v1/videos/validate", files=FILES)

    assert {name: answer.json()[name] for name in (*shown, "frame")} == {**shown, "frame": "0,0,512,512"}
    assert ["looks" in question for question in preflight.asked] == [True, False]

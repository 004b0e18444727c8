"""Laws of creating a video: what is answered, what is written, and that the doorbell is rung."""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from kombu import Connection

from jobs.job import JobStatus, Priority
from jobs.settings import Settings, StoreSettings
from jobs.store import JobStore
from tests.integration.api.creating import FILES, MP4, PNG, WAV, create, files_under, nothing_is_left, stored
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def test_a_create_answers_202_with_the_object_and_where_and_when_to_ask(alice: httpx.Client) -> None:
    answer = create(alice, seed="5")

    video = answer.json()
    assert answer.status_code == 202
    assert re.fullmatch("video_[0-9A-Z]{26}", video["id"])
    assert (video["status"], video["progress"], video["seed"], video["model"]) == ("queued", 0, 5, MODEL)
    assert answer.headers["location"] == f"/v1/videos/{video['id']}"
    assert 1 <= int(answer.headers["retry-after"]) <= 15
    assert 0 < int(answer.headers["openai-poll-after-ms"]) <= 2000
    assert alice.get(answer.headers["location"]).json() == video


def test_the_files_lie_under_the_new_job_with_names_of_our_own(alice: httpx.Client, settings: Settings) -> None:
    files = {"image": ("../../evil.sh", PNG, "text/html"), "audio": ("C:\\x", WAV, "text/plain")}

    job_id = alice.post("/v1/videos", files=files).json()["id"]

    folder = settings.objects_folder
    assert files_under(folder) == [f"videos/{job_id}/inputs/audio.wav", f"videos/{job_id}/inputs/image.png"]
    assert (folder / f"videos/{job_id}/inputs/image.png").read_bytes() == PNG
    assert files_under(settings.scratch_folder) == []


def test_defaults_are_resolved_into_the_record(alice: httpx.Client, store: JobStore) -> None:
    job = stored(store, create(alice))

    request = job.request
    assert (request.tenant, request.queue_class, request.size, request.fps) == ("alice", MODEL, "512x512", 25)
    assert (request.expires_after_s, request.queue_ttl_s, request.priority) == (604800, 86400, Priority.INTERACTIVE)
    assert request.webhook_events == ("video.completed", "video.failed", "video.cancelled")
    assert (request.options.crop, request.options.lips_weight, request.options.quality) == ("auto", 2.0, None)
    assert 0 <= request.options.seed < 2**53
    assert request.consented_at_ms is None


def test_what_is_chosen_is_in_the_record(alice: httpx.Client, store: JobStore) -> None:
    fields = {
        "num_inference_steps": "12", "guidance_scale": "2.5", "quality": "fast", "lips_weight": "3", "crop": "none",
        "webhook_url": "https://example.com/hook", "webhook_events": "video.failed", "metadata[a]": "b",
        "expires_after_s": "60", "queue_ttl_s": "120", "priority": "batch", "prompt": "hello", "model": MODEL,
        "size": "512x512", "fps": "25",
    }  # fmt: skip

    request = stored(store, create(alice, **fields)).request

    options = request.options
    assert (options.num_inference_steps, options.guidance_scale, options.quality) == (12, 2.5, "fast")
    assert (options.lips_weight, options.face_hands_weight, options.crop) == (3.0, 1.0, "none")
    assert (request.webhook_url, request.webhook_events) == ("https://example.com/hook", ("video.failed",))
    assert (request.metadata, request.prompt, request.priority) == ({"a": "b"}, "hello", Priority.BATCH)
    assert (request.expires_after_s, request.queue_ttl_s) == (60, 120)


def test_two_creates_draw_two_seeds(alice: httpx.Client) -> None:
    assert create(alice).json()["seed"] != create(alice).json()["seed"]


def test_consent_is_kept_with_its_time(alice: httpx.Client, store: JobStore) -> None:
    before_ms = datetime.now(UTC).timestamp() * 1000

    consented_at_ms = stored(store, create(alice, consent="true")).request.consented_at_ms

    assert consented_at_ms is not None
    assert before_ms - 1 <= consented_at_ms <= datetime.now(UTC).timestamp() * 1000


def test_request_id_and_trace_are_echoed_and_kept(alice: httpx.Client, store: JobStore) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    answer = create(alice, {"X-Request-Id": "mine-1", "traceparent": trace})

    request = stored(store, answer).request
    assert (answer.headers["x-request-id"], answer.headers["traceparent"]) == ("mine-1", trace)
    assert (request.request_id, request.traceparent) == ("mine-1", trace)


@pytest.mark.parametrize("name", ["x\ty", "a" * 129, "<script>"])
def test_a_request_id_that_does_not_belong_in_a_log_is_replaced(alice: httpx.Client, name: str) -> None:
    answer = alice.get("/v1/limits", headers={"X-Request-Id": name, "traceparent": "nonsense"})

    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["traceparent"].startswith("00-")


def test_input_reference_is_the_image(alice: httpx.Client, store: JobStore) -> None:
    files = {"input_reference": ("a.png", PNG), "audio": ("a.wav", WAV)}

    answer = alice.post("/v1/videos", files=files)

    assert set(stored(store, answer).request.inputs) == {"image", "audio"}


def test_image_and_its_alias_together_are_refused(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    answer = alice.post("/v1/videos", files={**FILES, "input_reference": ("a.png", PNG)})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "duplicate_field")
    assert nothing_is_left(settings, store)


def test_a_driving_video_needs_no_audio(alice: httpx.Client, store: JobStore) -> None:
    answer = alice.post("/v1/videos", files={"image": ("a.png", PNG), "driving_video": ("a.mp4", MP4)})

    assert answer.status_code == 202
    assert set(stored(store, answer).request.inputs) == {"image", "driving_video"}


def test_a_loop_of_driving_poses_is_refused_and_so_is_its_remix(
    alice: httpx.Client, settings: Settings, store: JobStore
) -> None:
    driven = {"image": ("a.png", PNG), "driving_video": ("a.mp4", MP4)}

    answer = alice.post("/v1/videos", files=driven, data={"loop": "true"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "loop")
    assert nothing_is_left(settings, store)
    made = alice.post("/v1/videos", files=driven).json()["id"]
    assert alice.post(f"/v1/videos/{made}/remix", json={"loop": True}).status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gesture_strength", "1.51"), ("head_strength", "-0.1"), ("smoothing", "1.01"), ("framing", "3:2"),
        ("start_pose", "sitting"), ("loop", "perhaps"), ("allow_silence", "2"),
    ],
)  # fmt: skip
def test_a_wish_outside_its_range_is_a_422_that_names_it(
    alice: httpx.Client, settings: Settings, store: JobStore, field: str, value: str
) -> None:
    answer = alice.post("/v1/videos", files=FILES, data={field: value})

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, field)
    assert nothing_is_left(settings, store)


def test_wishes_are_in_the_job_and_a_remix_keeps_them(alice: httpx.Client, store: JobStore) -> None:
    wishes = {
        "framing": "4:5", "gesture_strength": "0.5", "head_strength": "1.5", "smoothing": "0.25", "loop": "true",
        "start_pose": "portrait", "allow_silence": "true",
    }  # fmt: skip

    first = alice.post("/v1/videos", files=FILES, data=wishes)
    second = alice.post(f"/v1/videos/{first.json()['id']}/remix", json={"head_strength": 0})

    wanted = stored(store, first).request.options
    assert (wanted.framing, wanted.gesture_strength, wanted.head_strength, wanted.smoothing) == ("4:5", 0.5, 1.5, 0.25)
    assert (wanted.loop, wanted.start_pose, wanted.allow_silence) == (True, "portrait", True)
    assert stored(store, second).request.options == replace(wanted, head_strength=0)


def test_all_that_is_wrong_is_told_with_pointers(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    answer = alice.post("/v1/videos", files={"image": ("a.png", PNG)}, data={"seed": "x", "colour": "red"})

    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert {(row["pointer"], row["code"]) for row in body["errors"]} == {
        ("/seed", "invalid_value"), ("/colour", "unknown_field"), ("/audio", "missing_field"),
    }  # fmt: skip
    assert (body["error"]["code"], body["error"]["param"]) == (body["errors"][0]["code"], "seed")
    assert nothing_is_left(settings, store)


@pytest.mark.parametrize(
    "fields",
    [{"model": "other"}, {"size": "720x1280"}, {"fps": "30"}, {"quality": "turbo"}],
    ids=lambda pair: next(iter(pair)),
)
def test_what_no_loaded_model_does_is_a_422(
    alice: httpx.Client, settings: Settings, store: JobStore, fields: dict[str, str]
) -> None:
    answer = create(alice, **fields)

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, next(iter(fields)))
    assert nothing_is_left(settings, store)


def test_a_mode_that_the_model_lacks_is_answered_with_those_that_it_has(alice: httpx.Client) -> None:
    error = create(alice, quality="turbo").json()["error"]

    assert error["message"].endswith(f"{MODEL} has no turbo; it has exact, fast")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"image":"x"}', "application/json", 415),
        (b"image=x", "application/x-www-form-urlencoded", 415),
        (b"x", "", 415),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=" + "b" * 71, 400),
        (b"x", "multipart/mixed; boundary=b", 415),
        (b"--b--", "multipart/form-data; boundary=b", 422),
    ],
)
def test_a_body_that_is_no_form_is_refused(alice: httpx.Client, body: bytes, content_type: str, status: int) -> None:
    answer = alice.post("/v1/videos", content=body, headers={"Content-Type": content_type})

    assert answer.status_code == status


def test_a_compressed_body_is_refused(alice: httpx.Client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Encoding": "gzip"}

    assert alice.post("/v1/videos", content=b"\x1f\x8b", headers=headers).status_code == 415


def test_kinds_are_told_by_content_not_by_name(alice: httpx.Client, settings: Settings, store: JobStore) -> None:
    answer = alice.post(
        "/v1/videos", files={**FILES, "audio": ("speech.wav", b"#EXTM3U\nfile:///etc/passwd", "audio/wav")}
    )

    assert (answer.status_code, answer.json()["error"]["param"]) == (415, "audio")
    assert nothing_is_left(settings, store)


def test_the_doorbell_of_the_model_is_rung(alice: httpx.Client, store: JobStore, settings: Settings) -> None:
    with Connection(settings.store.celery_url) as connection, connection.SimpleQueue(f"video.{MODEL}") as queue:
        queue.clear()
        create(alice)

        message = queue.get(timeout=10.0)

        assert message.headers["task"] == "render"
        assert message.payload[1] == {"queue_class": MODEL}
        message.ack()


def test_a_create_without_any_model_loaded_is_a_503(store_settings: StoreSettings, settings: Settings) -> None:
    app = ServedApp(settings_for(store_settings.model_copy(update={"key_prefix": "none-loaded:"}), settings.data))
    app.start()

    answer = create(app.client("alice"))
    app.stop()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_model_loaded")
    assert answer.headers["retry-after"]


def test_prefer_wait_answers_200_when_the_video_has_ended(
    alice: httpx.Client, worker: ScriptedWorker, store: JobStore
) -> None:
    def render() -> None:
        job = None
        while job is None and not is_over.is_set():
            job = store.claim_next(MODEL, "scripted")
            is_over.wait(0.02)
        if job is not None:
            worker.finish(job)

    is_over = threading.Event()
    thread = threading.Thread(target=render)
    thread.start()

    answer = create(alice, {"Prefer": "wait=15"})
    is_over.set()
    thread.join()

    assert (answer.status_code, answer.json()["status"]) == (200, JobStatus.COMPLETED)
    assert answer.headers["preference-applied"] == "wait=15"


def test_prefer_wait_that_runs_out_answers_202(alice: httpx.Client) -> None:
    answer = create(alice, {"Prefer": "respond-async, wait=1"})

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["preference-applied"] == "wait=1"


def test_openapi_shows_the_create_with_examples(alice: httpx.Client) -> None:
    schema = alice.get("/openapi.json").json()

    post = schema["paths"]["/v1/videos"]["post"]
    form = post["requestBody"]["content"]["multipart/form-data"]
    assert {"image", "audio", "driving_video", "seed", "consent", "webhook_url"} <= set(form["schema"]["properties"])
    assert form["examples"]
    assert {"202", "200", "400", "401", "403", "409", "413", "415", "422", "429", "503"} <= set(post["responses"])
    assert schema["components"]["schemas"]["Video"]["example"]["object"] == "video"

"""Laws of remixing: the same inputs, other options or another image, a new job that knows where it comes from."""

import httpx
import pytest

from jobs.job import Job, JobOptions
from jobs.storage import ObjectStorage
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker

PNG = b"\x89PNG\r\n\x1a\n" + b"another portrait" * 40
CONSENTED_AT_MS = 1_700_000_000_000


@pytest.fixture
def source(worker: ScriptedWorker) -> Job:
    worker.heartbeat()
    options = JobOptions(seed=77, num_inference_steps=12, crop="1,2,300,300", quality="fast", framing="4:5")
    return worker.complete_one(options=options, metadata={"a": "1"}, consented_at_ms=CONSENTED_AT_MS)


def stored(worker: ScriptedWorker, answer: httpx.Response) -> Job:
    assert answer.status_code == 202, answer.text
    job = worker.store.get(answer.json()["id"])
    assert job is not None
    return job


def test_a_remix_without_changes_is_a_new_job_of_the_same_inputs(
    alice: httpx.Client, source: Job, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    answer = alice.post(f"/v1/videos/{source.id}/remix")

    job = stored(worker, answer)
    assert answer.json()["remixed_from_video_id"] == source.id
    assert answer.headers["location"] == f"/v1/videos/{job.id}"
    assert job.id != source.id
    assert job.request.options == source.request.options
    assert job.request.metadata == {"a": "1"}
    assert b"".join(storage.stream(job.request.inputs["audio"])) == b"input"
    assert set(job.request.inputs.values()).isdisjoint(source.request.inputs.values())


@pytest.mark.parametrize("form", ["json", "data"])
def test_fields_that_are_sent_replace_those_of_the_source(
    form: str, alice: httpx.Client, source: Job, worker: ScriptedWorker
) -> None:
    changes = {"num_inference_steps": 20, "prompt": "slower"}

    job = stored(worker, alice.post(f"/v1/videos/{source.id}/remix", **{form: changes}))  # type: ignore[arg-type]

    assert (job.request.options.num_inference_steps, job.request.prompt) == (20, "slower")
    assert (job.request.options.seed, job.request.options.quality) == (77, "fast")
    assert job.request.consented_at_ms == CONSENTED_AT_MS


def test_another_image_brings_neither_crop_nor_consent_of_the_first(
    alice: httpx.Client, source: Job, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    job = stored(worker, alice.post(f"/v1/videos/{source.id}/remix", files={"image": ("x.png", PNG)}))

    assert b"".join(storage.stream(job.request.inputs["image"])) == PNG
    assert b"".join(storage.stream(job.request.inputs["audio"])) == b"input"
    assert job.request.options.crop == "auto"
    assert job.request.consented_at_ms is None


def test_an_image_under_both_of_its_names_is_refused_as_in_a_create(alice: httpx.Client, source: Job) -> None:
    files = {"image": ("x.png", PNG), "input_reference": ("y.png", PNG + b"y")}

    answer = alice.post(f"/v1/videos/{source.id}/remix", files=files)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (422, "duplicate_field", "input_reference")
    assert len(alice.get("/v1/videos").json()["data"]) == 1


def test_a_source_may_be_deleted_after_its_remix(
    alice: httpx.Client, source: Job, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    job = stored(worker, alice.post(f"/v1/videos/{source.id}/remix"))

    alice.delete(f"/v1/videos/{source.id}")
    worker.housekeep()

    assert b"".join(storage.stream(job.request.inputs["audio"])) == b"input"


def test_expired_inputs_are_a_409_and_leave_nothing(
    alice: httpx.Client, source: Job, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    worker.store.expire(inputs_s=0)
    worker.housekeep()
    before = [facts.key for facts in storage.list("videos/")]

    answer = alice.post(f"/v1/videos/{source.id}/remix")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "inputs_expired")
    assert [facts.key for facts in storage.list("videos/")] == before


def test_the_same_key_remixes_once(alice: httpx.Client, source: Job) -> None:
    path, headers = f"/v1/videos/{source.id}/remix", {"Idempotency-Key": "once"}

    first, second = (alice.post(path, json={"seed": 5}, headers=headers) for _ in range(2))
    other = alice.post(path, json={"seed": 6}, headers=headers)

    assert first.json()["id"] == second.json()["id"]
    assert second.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422


def test_another_tenants_video_cannot_be_remixed(bob: httpx.Client, source: Job) -> None:
    assert bob.post(f"/v1/videos/{source.id}/remix").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "status", "param"),
    [
        (b'{"seed": -1}', "application/json", 422, "seed"),
        (b'{"sede": 1}', "application/json", 422, "sede"),
        (b'{"quality": "turbo"}', "application/json", 422, "quality"),
        (b'{"model": "%s"}' % MODEL.upper().encode(), "application/json", 422, "model"),
        ('{"seed": 1}'.encode("utf-16"), "application/json", 400, None),
        ('{"seed": 1}'.encode("utf-16-le"), "application/json", 400, None),
        ('{"seed": 1}'.encode("utf-32"), "application/json; charset=utf-32", 400, None),
        ('{"seed": 1}'.encode("utf-32-be"), "application/json", 400, None),
        (b'{"seed": "1_0"}', "application/json", 422, "seed"),
        (b"[1]", "application/json", 400, None),
        (b"{", "application/json", 400, None),
        (b'{"prompt": "\\ud800"}', "application/json", 400, None),
        (b"seed=1_0", "application/x-www-form-urlencoded", 422, "seed"),
        (b"seed=%2B5", "application/x-www-form-urlencoded", 422, "seed"),
        (b"seed=x", "application/x-www-form-urlencoded", 422, "seed"),
        (b"<seed>1</seed>", "application/xml", 415, None),
        (b" " * 70_000, "application/json", 413, None),
    ],
)
def test_a_wrong_body_is_refused_and_makes_no_job(
    body: bytes, kind: str, status: int, param: str | None, alice: httpx.Client, source: Job
) -> None:
    answer = alice.post(f"/v1/videos/{source.id}/remix", content=body, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), answer.text
    assert len(alice.get("/v1/videos").json()["data"]) == 1

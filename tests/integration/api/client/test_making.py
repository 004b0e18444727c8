"""Laws of making and looking after videos with `mmgt.Client` and `mmgt.AsyncClient`, against the running service."""

from pathlib import Path

import pytest

import mmgt
from jobs.settings import Settings
from jobs.storage import ObjectStorage
from jobs.store import JobStore
from mmgt.wishes import CreateWishes
from tests.integration.api.client.clients import AnyClient, Making
from tests.integration.api.client.cutting_proxy import CuttingProxy
from tests.integration.api.client.wishes import ASKED, FILES, told_of
from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_preflight import ScriptedPreflight
from tests.integration.api.scripted_worker import MODEL, ScriptedWorker
from tests.integration.api.served import ServedApp


@pytest.mark.parametrize("how", ["path", "text", "bytes", "file"])
def test_files_may_be_given_in_any_way(
    how: str, client: AnyClient, storage: ObjectStorage, worker: ScriptedWorker, tmp_path: Path
) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(PNG)
    with path.open("rb") as file:
        image = {"path": path, "text": str(path), "bytes": PNG, "file": file}[how]
        made = client.videos.create(image=image, audio=WAV)
    job = worker.store.get(made["id"])

    assert job is not None
    assert b"".join(storage.stream(job.request.inputs["image"])) == PNG
    assert b"".join(storage.stream(job.request.inputs["audio"])) == WAV


def test_a_create_whose_answer_is_lost_makes_one_video(
    make: Making, worker: ScriptedWorker, store: JobStore, served: ServedApp
) -> None:
    worker.heartbeat()
    with CuttingProxy(served.url, cuts=[0, 40, 0]) as proxy:
        made = make(proxy.url).videos.create(image=PNG, audio=WAV)
        num_tries = b"".join(proxy.asked).count(b"POST /v1/videos ")

    assert [job.id for job in store.list_jobs("alice").jobs] == [made["id"]]
    assert num_tries == 4


def test_a_remix_changes_what_is_sent(client: AnyClient, worker: ScriptedWorker, storage: ObjectStorage) -> None:
    source = worker.complete_one()

    same = client.videos.remix(source.id)
    other = client.videos.remix(source.id, image=PNG + b"other", seed=5, metadata={"take": "2"})
    job = worker.store.get(other["id"])

    assert job is not None
    assert (same["seed"], same["remixed_from_video_id"]) == (1234, source.id)
    assert (other["seed"], other["metadata"]) == (5, {"take": "2"})
    assert b"".join(storage.stream(job.request.inputs["image"])) == PNG + b"other"


@pytest.mark.parametrize("name", ASKED)
def test_every_wish_comes_as_it_was_sent(
    name: str, client: AnyClient, worker: ScriptedWorker, storage: ObjectStorage
) -> None:
    files, fields = ASKED[name]

    made = client.videos.create(**{file: FILES[file] for file in files}, **fields)
    job = worker.store.get(made["id"])

    assert job is not None
    assert told_of(job, list(fields)) == fields
    assert {file: b"".join(storage.stream(job.request.inputs[file])) for file in files} == {
        file: FILES[file] for file in files
    }


def test_the_wishes_tried_are_all_that_there_are() -> None:
    tried = {name for files, fields in ASKED.values() for name in (*files, *fields)}

    assert tried == set(CreateWishes.__annotations__)


def test_a_remix_takes_every_wish_about_the_making(client: AnyClient, worker: ScriptedWorker) -> None:
    _, fields = ASKED["recording"]
    source = worker.complete_one()

    made = client.videos.remix(source.id, **fields)
    job = worker.store.get(made["id"])

    assert job is not None
    assert told_of(job, list(fields)) == fields


def test_takes_are_made_at_once_by_seeds_in_a_row(client: AnyClient, store: JobStore) -> None:
    takes = client.videos.create_takes(image=PNG, audio=WAV, seed=11, n=3, until="poses")
    again = client.videos.remix_takes(takes["data"][0]["id"], n=2, seed=40)

    assert [video["seed"] for video in takes["data"]] == [11, 12, 13]
    assert [video["seed"] for video in again["data"]] == [40, 41]
    assert len(store.list_jobs("alice").jobs) == 5


def test_videos_are_listed_told_cancelled_and_deleted(client: AnyClient, worker: ScriptedWorker) -> None:
    ids = [worker.submit(metadata={"n": str(n)}).id for n in range(3)]

    first = client.videos.list(limit=2)
    second = client.videos.list(limit=2, after=first["last_id"])
    cancelled = client.videos.cancel(ids[0])
    found = client.videos.list(metadata={"n": "1"}, status="queued")
    deleted = client.videos.delete(ids[2])

    assert [[video["id"] for video in page["data"]] for page in (first, second)] == [[ids[2], ids[1]], [ids[0]]]
    assert (cancelled["status"], deleted["deleted"]) == ("cancelled", True)
    assert [video["id"] for video in found["data"]] == [ids[1]]
    assert client.videos.retrieve(ids[1])["metadata"] == {"n": "1"}
    assert [video["id"] for video in client.videos.every(order="asc")] == ids[:2]


def test_every_reads_page_after_page(
    client: AnyClient, worker: ScriptedWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmgt.videos.LARGEST_PAGE", 2)
    ids = [worker.submit().id for _ in range(5)]

    assert [video["id"] for video in client.videos.every()] == ids[::-1]


def test_inputs_are_looked_at_without_a_video(
    client: AnyClient, settings: Settings, store: JobStore, storage: ObjectStorage
) -> None:
    answer = {"findings": [], "warnings": [], "seconds": 3.2, "num_frames": 80, "segments": 1}
    preflight = ScriptedPreflight(settings, store, storage, answer)
    preflight.start()

    report = client.videos.validate(image=PNG, audio=WAV, crop="none")
    preflight.stop()

    assert (report["valid"], report["seconds"]) == (True, 3.2)
    assert preflight.asked[0]["crop"] == "none"
    assert store.list_jobs("alice").jobs == ()


def test_the_service_tells_of_itself(client: AnyClient, worker: ScriptedWorker) -> None:
    worker.submit()

    assert [model["id"] for model in client.models()["data"]] == [MODEL]
    assert client.queue()["waiting"] == 1
    assert client.voices()["object"] == "list"
    assert (client.limits()["tenant"], client.limits()["active_videos"]) == ("alice", 1)
    assert client.videos.deliveries(worker.submit().id)["data"] == []


def test_refusals_are_errors_with_all_that_the_service_said(
    client: AnyClient, make: Making, worker: ScriptedWorker
) -> None:
    with pytest.raises(mmgt.InvalidRequest) as wrong:
        client.videos.create(image=PNG, audio=WAV, seed=-1, smoothing=2)
    with pytest.raises(mmgt.NotFound) as missing:
        client.videos.retrieve("video_0")
    with pytest.raises(mmgt.Unauthorised) as stranger:
        make(key="wrong").videos.list()
    with pytest.raises(mmgt.TryLater) as early:
        make(max_retries=0).videos.remix(expired(worker))
    with pytest.raises(mmgt.InvalidRequest) as no_film:
        client.verify(b"no film")

    assert (wrong.value.status, wrong.value.code, wrong.value.param) == (422, "invalid_value", "seed")
    assert [finding["pointer"] for finding in wrong.value.findings] == ["/seed", "/smoothing"]
    assert (wrong.value.request_id or "") in str(wrong.value)
    assert wrong.value.request_id
    assert (missing.value.status, missing.value.code) == (404, "video_not_found")
    assert (stranger.value.status, stranger.value.code) == (401, "invalid_api_key")
    assert (early.value.status, early.value.code) == (409, "inputs_expired")
    assert no_film.value.status in (415, 422)


def test_who_calls_too_often_waits_as_long_as_the_service_says(make: Making, settings: Settings) -> None:
    rates = settings.rate_limits.model_copy(update={"reads": "1/minute"})
    strict = ServedApp(settings.model_copy(update={"rate_limits": rates}))
    strict.start()
    client = make(strict.url, max_retries=0)
    client.queue()

    with pytest.raises(mmgt.TryLater) as told:
        client.queue()
    strict.stop()

    assert (told.value.status, told.value.code) == (429, "rate_limit_exceeded")
    assert 0 < (told.value.retry_after_s or 0) <= 60


def test_where_nobody_is_that_is_said(make: Making) -> None:
    with pytest.raises(mmgt.Unreachable, match="GET /v1/queue"):
        make("http://127.0.0.1:9", max_retries=0).queue()


def expired(worker: ScriptedWorker) -> str:
    job = worker.complete_one()
    worker.store.expire(inputs_s=0)
    worker.housekeep()
    return job.id

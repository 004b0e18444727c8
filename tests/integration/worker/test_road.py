"""Laws of one attempt, in this process: what the client chose is rendered, nothing is rendered twice, all is told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.job import Job, JobStatus
from jobs.settings import StoreSettings
from jobs.store import JobStore
from tests.integration.api.creating import WAV
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp
from tests.integration.scripted_pipeline import MEMORY_BYTES, SIGNATURE
from tests.integration.worker.alone import create_job, place_alone, render_to_the_end, settings_alone
from worker.results import FINISHED_FILE, find_finished
from worker.workplace import Workplace


@pytest.fixture
def place(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Workplace]:
    place = place_alone(settings_alone(store_settings, tmp_path))
    yield place
    place.store.close()


def now(store: JobStore, job: Job) -> Job:
    found = store.get(job.id)
    assert found is not None
    return found


def manifest(place: Workplace, job: Job) -> dict[str, object]:
    return json.loads(b"".join(place.storage.stream(now(place.store, job).results["manifest"])))


def test_the_crop_that_a_client_asks_for_over_http_is_the_one_that_is_rendered(place: Workplace) -> None:
    ScriptedWorker(place.store, place.storage).heartbeat()
    served = ServedApp(place.settings)
    served.start()
    files = {"image": ("i.png", SIGNATURE + b"{}"), "audio": ("a.wav", WAV)}

    answer = served.client().post("/v1/videos", files=files, data={"crop": "1,2,300,300"})
    render_to_the_end(place)
    rendered = served.client().get(f"/v1/videos/{answer.json()['id']}/content", params={"variant": "manifest"})
    served.stop()

    assert rendered.json()["crop"] == "1,2,300,300"


def test_what_could_not_be_stored_is_stored_by_the_next_attempt_without_rendering_again(place: Workplace) -> None:
    job = create_job(place.store, place.storage)
    room = place.settings.objects_folder / ".unfinished"
    room.rmdir()
    room.touch()  # every write fails
    render_to_the_end(place)
    after_the_first = now(place.store, job)
    room.unlink()
    place.storage.put_bytes(job.request.inputs["image"], b'{"event": "error"}', "image/png")

    render_to_the_end(place)

    done = now(place.store, job)
    assert (after_the_first.status, after_the_first.lost_attempts) == (JobStatus.QUEUED, 1)
    assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)
    assert all("/a2/" in key and place.storage.head(key) for key in done.results.values())
    assert (done.seconds, [notice.code for notice in done.warnings]) == (1.0, ["scripted"])
    assert manifest(place, job)["attempt"] == 1  # as it was rendered
    assert list(place.scratch.glob("video_*")) == []


def test_a_folder_without_its_last_line_is_not_finished(place: Workplace) -> None:
    folder = place.scratch / "video_1"
    folder.mkdir(parents=True)
    (folder / "video.mp4").write_bytes(b"half a video")
    (folder / f"{FINISHED_FILE}.part").write_text('{"files": {')

    assert find_finished(folder) is None


@pytest.mark.parametrize(("event", "outcome"), [(None, "completed"), ("error", "fail"), ("input_error", "fail")])
def test_an_attempt_posts_how_it_ended(place: Workplace, event: str | None, outcome: str) -> None:
    create_job(place.store, place.storage, {"event": event})

    render_to_the_end(place)

    assert [notice["outcome"] for notice in place.board.read() if "outcome" in notice] == [outcome]


def test_a_render_posts_the_device_s_memory_and_the_seconds_of_its_stages(place: Workplace) -> None:
    create_job(place.store, place.storage)

    render_to_the_end(place)

    (told,) = [notice for notice in place.board.read() if "memory_bytes" in notice]
    assert told["memory_bytes"] == MEMORY_BYTES
    assert set(told["stage_seconds"]) == {"pose_diffusion", "video_diffusion", "decoding"}

"""Laws of a preview as clients read it: all of it in order as it comes, to the real end, or cut."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from jobs.job import Job, Preview, PreviewEnd, fragment_key
from jobs.settings import Settings, StoreSettings
from jobs.storage import ObjectStorage
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.api.preview_reader import END_S, Reader, path_of
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.s3_servers import rclone_s3

FRAGMENTS = tuple(bytes([number]) * 40_000 for number in range(4))


@dataclass(frozen=True)
class Renderer:
    """The worker's side of one preview."""

    worker: ScriptedWorker
    job: Job

    def store_fragment(self, number: int) -> None:
        key = fragment_key(self.job.id, self.job.attempt, number)
        self.worker.storage.put_bytes(key, FRAGMENTS[number], "video/mp4")
        self.worker.store.preview(self.job.id, self.job.attempt, Preview(number + 1))

    def store_all(self) -> None:
        for number in range(len(FRAGMENTS)):
            self.store_fragment(number)

    def end(self, how: PreviewEnd = PreviewEnd.WHOLE) -> None:
        now = self.worker.store.get(self.job.id)
        assert now is not None
        num_fragments = now.preview.num_fragments if now.preview else 0
        self.worker.store.preview(self.job.id, self.job.attempt, Preview(num_fragments, how))


@pytest.fixture
def renderer(worker: ScriptedWorker) -> Renderer:
    worker.submit()
    return Renderer(worker, worker.claim())


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_open_answer_grows_with_the_render_and_ends_with_the_video(alice: httpx.Client, renderer: Renderer) -> None:
    reader = Reader(alice, renderer.job)
    for number in range(len(FRAGMENTS)):
        renderer.store_fragment(number)

        assert reader.has_read(b"".join(FRAGMENTS[: number + 1]))
    renderer.worker.finish(renderer.job)
    renderer.end()

    assert reader.end() == b"".join(FRAGMENTS)
    assert (reader.status, reader.error) == (200, "")


def test_the_answer_says_that_it_is_no_file(alice: httpx.Client, renderer: Renderer) -> None:
    renderer.store_all()
    renderer.end()

    answer = alice.get(path_of(renderer.job), headers={"Range": "bytes=0-", "If-None-Match": "*"})

    assert (answer.status_code, answer.content) == (200, b"".join(FRAGMENTS))
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "none"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert f"{renderer.job.id}-preview.mp4" in answer.headers["content-disposition"]
    assert not {"content-length", "etag", "repr-digest"} & set(answer.headers)


def test_who_comes_late_gets_all_from_the_start(alice: httpx.Client, renderer: Renderer) -> None:
    early = Reader(alice, renderer.job)
    renderer.store_fragment(0)
    renderer.store_fragment(1)
    assert early.has_read(b"".join(FRAGMENTS[:2]))

    late = Reader(alice, renderer.job)
    assert late.has_read(b"".join(FRAGMENTS[:2]))
    renderer.store_fragment(2)
    renderer.store_fragment(3)
    renderer.end()

    assert early.end() == late.end() == b"".join(FRAGMENTS)


def test_one_that_is_opened_while_the_job_waits_begins_with_its_render(
    alice: httpx.Client, worker: ScriptedWorker
) -> None:
    job = worker.submit()
    reader = Reader(alice, job)
    renderer = Renderer(worker, worker.claim())
    worker.tell(renderer.job, 10)
    renderer.store_all()
    renderer.end()

    assert reader.end() == b"".join(FRAGMENTS)


def test_after_completion_it_can_still_be_read_for_a_while(alice: httpx.Client, renderer: Renderer) -> None:
    renderer.store_all()
    renderer.end()
    renderer.worker.finish(renderer.job)

    assert alice.get(path_of(renderer.job)).content == b"".join(FRAGMENTS)
    assert alice.get(f"/v1/videos/{renderer.job.id}").json()["progress_detail"]["preview"] is True


def test_after_its_time_it_is_a_404_that_names_the_video(alice: httpx.Client, renderer: Renderer) -> None:
    renderer.store_all()
    renderer.end()
    renderer.worker.finish(renderer.job)
    ended = renderer.worker.store.expire(preview_s=0)
    renderer.worker.housekeep()

    answer = alice.get(path_of(renderer.job))

    assert ended.previews == (renderer.job.id,)
    assert error_of(answer) == (404, "preview_not_available")
    assert "variant=video" in answer.json()["detail"]
    assert alice.get(f"/v1/videos/{renderer.job.id}").json()["progress_detail"]["preview"] is False
    assert alice.get(f"/v1/videos/{renderer.job.id}/content").status_code == 200


def test_before_the_first_fragment_the_wait_ends_in_a_404_that_says_when_to_come_again(
    alice: httpx.Client, worker: ScriptedWorker
) -> None:
    job = worker.submit()
    queued = alice.get(path_of(job), headers={"Prefer": "wait=0"})
    worker.claim()
    running = alice.get(path_of(job), headers={"Prefer": "wait=1"})
    head = alice.head(path_of(job))

    assert error_of(queued) == error_of(running) == (404, "content_not_ready")
    assert queued.headers["retry-after"]
    assert running.headers["retry-after"]
    assert head.status_code == 404


def test_head_tells_the_headers_and_does_not_wait_for_the_end(alice: httpx.Client, renderer: Renderer) -> None:
    renderer.store_fragment(0)

    head = alice.head(path_of(renderer.job))

    assert (head.status_code, head.content) == (200, b"")
    assert (head.headers["content-type"], head.headers["accept-ranges"]) == ("video/mp4", "none")


@pytest.mark.parametrize("ending", ["cancel", "fail", "requeue", "delete", "drop", "expire"])
def test_one_that_gets_no_end_is_cut(alice: httpx.Client, renderer: Renderer, ending: str) -> None:
    store, job = renderer.worker.store, renderer.job
    renderer.store_fragment(0)
    reader = Reader(alice, job)
    assert reader.has_read(FRAGMENTS[0])

    if ending == "cancel":
        store.cancel(job.id)
        store.acknowledge_cancel(job.id, job.attempt)
    elif ending == "fail":
        renderer.worker.fail(job)
    elif ending == "requeue":
        store.release(job.id, job.attempt)
    elif ending == "delete":
        store.delete(job.id)
    elif ending == "drop":
        renderer.end(PreviewEnd.DROPPED)
    else:
        renderer.worker.finish(job)
        store.expire(preview_s=0)

    assert reader.end() == FRAGMENTS[0]
    assert "incomplete chunked read" in reader.error


@pytest.mark.parametrize("ending", ["cancelled", "failed", "dropped", "completed", "deleted"])
def test_who_waits_for_one_that_never_comes_is_told_as_soon_as_that_is_known(
    alice: httpx.Client, worker: ScriptedWorker, ending: str
) -> None:
    job = worker.submit()
    answers: list[httpx.Response] = []
    waiting = threading.Thread(target=lambda: answers.append(alice.get(path_of(job))))
    waiting.start()
    renderer = Renderer(worker, worker.claim())

    if ending == "cancelled":
        worker.store.cancel(job.id)
        worker.store.acknowledge_cancel(job.id, 1)
    elif ending == "failed":
        worker.fail(renderer.job)
    elif ending == "dropped":
        renderer.end(PreviewEnd.DROPPED)
    elif ending == "completed":
        worker.finish(renderer.job)
    else:
        worker.store.delete(job.id)
    waiting.join(END_S)

    code = "video_not_found" if ending == "deleted" else "preview_not_available"
    assert error_of(answers[0]) == (404, code)


def test_the_next_attempts_preview_is_opened_anew(alice: httpx.Client, renderer: Renderer) -> None:
    renderer.store_fragment(0)
    first = Reader(alice, renderer.job)
    assert first.has_read(FRAGMENTS[0])
    renderer.worker.store.release(renderer.job.id, 1)
    first.end()

    second = Reader(alice, renderer.job)
    again = Renderer(renderer.worker, renderer.worker.claim())
    again.store_all()
    again.end()

    assert again.job.attempt == 2
    assert second.end() == b"".join(FRAGMENTS)


def test_another_tenants_preview_is_not_found(bob: httpx.Client, renderer: Renderer) -> None:
    renderer.store_fragment(0)

    assert error_of(bob.get(path_of(renderer.job))) == (404, "video_not_found")


def test_expired_content_is_410(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit(expires_after_s=0)
    renderer = Renderer(worker, worker.claim())
    renderer.store_all()
    worker.finish(renderer.job)
    worker.store.expire()

    assert error_of(alice.get(path_of(renderer.job))) == (410, "content_expired")


def test_the_beginning_is_told_as_an_event_and_in_the_object(alice: httpx.Client, renderer: Renderer) -> None:
    before = alice.get(f"/v1/videos/{renderer.job.id}").json()["progress_detail"]["preview"]
    renderer.store_all()
    renderer.end()
    renderer.worker.finish(renderer.job)

    with alice.stream("GET", f"/v1/videos/{renderer.job.id}/events") as stream:
        types = [line[7:] for line in stream.iter_lines() if line.startswith("event: ")]

    assert before is False
    assert types == ["video.created", "video.started", "video.preview", "video.completed"]


def test_a_stop_of_the_server_cuts_it_and_it_can_be_opened_again(settings: Settings, renderer: Renderer) -> None:
    stopping, staying = ServedApp(settings), ServedApp(settings)
    stopping.start()
    staying.start()
    renderer.store_fragment(0)
    reader = Reader(httpx.Client(base_url=stopping.url, headers=stopping.client().headers, timeout=END_S), renderer.job)
    assert reader.has_read(FRAGMENTS[0])

    stopping.stop()
    cut = reader.end()
    again = Reader(staying.client(), renderer.job)
    for number in (1, 2, 3):
        renderer.store_fragment(number)
    renderer.end()

    assert (cut, bool(reader.error)) == (FRAGMENTS[0], True)
    assert again.end() == b"".join(FRAGMENTS)
    staying.stop()


@pytest.fixture
def scarce(store_settings: StoreSettings, tmp_path: Path) -> Iterator[ServedApp]:
    """A server where a tenant may wait once at a time."""
    app = ServedApp(settings_for(store_settings, tmp_path, limits={"max_waits_per_tenant": 1}))
    app.start()
    yield app
    app.stop()


def test_each_open_preview_holds_a_place_of_those_who_wait(scarce: ServedApp, renderer: Renderer) -> None:
    renderer.store_fragment(0)
    reader = Reader(scarce.client(), renderer.job)
    assert reader.has_read(FRAGMENTS[0])

    refused = scarce.client().get(path_of(renderer.job))
    other = scarce.client().get(f"/v1/videos/{renderer.job.id}/content?variant=thumbnail")
    renderer.end()
    reader.end()
    after = scarce.client().get(path_of(renderer.job))

    assert error_of(refused) == (429, "waits_exceeded")
    assert error_of(other) == (404, "content_not_ready")
    assert after.status_code == 200


def test_a_reader_that_hangs_up_gives_its_place_free(scarce: ServedApp, renderer: Renderer) -> None:
    renderer.store_fragment(0)
    with scarce.client().stream("GET", path_of(renderer.job)) as answer:
        next(answer.iter_raw())
    client, ends_at_s = scarce.client(), time.monotonic() + END_S

    statuses = iter(lambda: client.head(path_of(renderer.job)).status_code, 200)

    assert all(status == 429 and time.monotonic() < ends_at_s for status in statuses)


@pytest.fixture
def s3_settings(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Settings]:
    with rclone_s3(tmp_path) as storage:
        yield settings_for(store_settings, tmp_path, storage=storage)


def test_it_grows_from_a_bucket_as_from_a_folder(s3_settings: Settings, store: JobStore) -> None:
    served, worker = ServedApp(s3_settings), ScriptedWorker(store, open_storage(s3_settings))
    served.start()
    worker.submit()
    renderer = Renderer(worker, worker.claim())
    reader = Reader(served.client(), renderer.job)
    for number in range(len(FRAGMENTS)):
        renderer.store_fragment(number)
        assert reader.has_read(b"".join(FRAGMENTS[: number + 1]))
    renderer.end()

    assert reader.end() == b"".join(FRAGMENTS)
    served.stop()


@pytest.fixture
def impatient(store_settings: StoreSettings, tmp_path: Path) -> Iterator[ServedApp]:
    """A server that lets no answer be silent for long."""
    app = ServedApp(settings_for(store_settings, tmp_path, limits={"sse_ping_s": 0.05}))
    app.start()
    yield app
    app.stop()


def test_a_long_silence_is_filled_with_boxes_that_mean_nothing(impatient: ServedApp, renderer: Renderer) -> None:
    nothing = (32_768).to_bytes(4, "big") + b"free" + bytes(32_760)
    renderer.store_fragment(0)
    reader = Reader(impatient.client(), renderer.job)
    assert reader.has_read(FRAGMENTS[0] + nothing)
    renderer.store_fragment(1)
    renderer.end()

    content = reader.end()
    assert content.replace(nothing, b"") == FRAGMENTS[0] + FRAGMENTS[1]
    assert content.endswith(FRAGMENTS[1])


def test_a_completed_video_whose_last_fragments_never_come_is_cut(impatient: ServedApp, renderer: Renderer) -> None:
    renderer.store_fragment(0)
    renderer.worker.finish(renderer.job)

    reader = Reader(impatient.client(), renderer.job)

    assert reader.end() == FRAGMENTS[0]
    assert reader.error


def test_a_lost_fragment_cuts_it(alice: httpx.Client, renderer: Renderer, storage: ObjectStorage) -> None:
    renderer.store_all()
    renderer.end()
    storage.delete(fragment_key(renderer.job.id, 1, 2))

    reader = Reader(alice, renderer.job)

    assert reader.end() == b"".join(FRAGMENTS[:2])
    assert reader.error

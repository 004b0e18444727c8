"""Laws of events and waiting, against the running service and over connections that break."""

import threading

import pytest

import mmgt
from jobs.job import JobStatus
from jobs.settings import Settings
from tests.integration.api.client.clients import AnyClient, Making, rendering
from tests.integration.api.client.cutting_proxy import CuttingProxy
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp


def test_events_come_from_any_on_as_they_happen(client: AnyClient, worker: ScriptedWorker) -> None:
    job = worker.submit(prompt="a\u2028b")
    events = client.videos.events(job.id)
    seen = [next(events)]
    rendering(worker, 30, 60).join()
    seen += list(events)

    missed = list(client.videos.events(job.id, last_event_id=seen[1].id))

    assert [event.type for event in seen] == [
        "video.created",
        "video.started",
        *["video.progress"] * 2,
        "video.completed",
    ]
    assert [event.video["prompt"] for event in seen] == ["a\u2028b"] * 5
    assert missed == seen[2:]
    assert list(client.videos.events(job.id, last_event_id=seen[-1].id)) == []


def test_events_go_on_where_a_connection_broke(make: Making, worker: ScriptedWorker, served: ServedApp) -> None:
    worker.submit()
    job = worker.claim()
    for percent in range(5, 100, 5):
        worker.tell(job, percent)
    worker.finish(job)
    whole = list(make().videos.events(job.id))

    with CuttingProxy(served.url, cuts=[2_500, 3_000, 0, 7_000]) as proxy:
        pieces = list(make(proxy.url).videos.events(job.id))
        asked = b"".join(proxy.asked)

    assert pieces == whole
    assert len(whole) == 22
    assert asked.count(b"GET ") == 5
    assert asked.lower().count(b"last-event-id: ") == 4


def test_a_wait_survives_broken_connections(make: Making, worker: ScriptedWorker, served: ServedApp) -> None:
    job = worker.submit()
    told: list[int] = []
    threads: list[threading.Thread] = []

    def hear(video: mmgt.Video) -> None:
        told.append(video["progress"])
        if not threads:
            threads.append(rendering(worker, 10, 20, 30))

    with CuttingProxy(served.url, cuts=[0, 3_000, 1_500, 0]) as proxy:
        video = make(proxy.url).videos.wait(job.id, on_progress=hear)
    threads[0].join()

    assert video["status"] == "completed"
    assert told == sorted(told)
    assert told[-1] == 100


def test_a_wait_where_streams_are_refused_asks_instead(
    make: Making, settings: Settings, worker: ScriptedWorker
) -> None:
    limits = settings.limits.model_copy(update={"max_waits_per_tenant": 1})
    crowded = ServedApp(settings.model_copy(update={"limits": limits}))
    crowded.start()
    job = worker.submit()
    told: list[int] = []

    def hear(video: mmgt.Video) -> None:
        told.append(video["progress"])
        if len(told) == 1:
            rendering(worker, 30).join()

    with crowded.client().stream("GET", f"/v1/videos/{worker.submit().id}/events") as place:
        lines = place.iter_lines()
        next(lines)
        video = make(crowded.url).videos.wait(job.id, on_progress=hear)
    crowded.stop()

    assert video["status"] == "completed"
    assert told == [0, 100]


def test_a_wait_ends_when_its_time_is_over_and_the_job_goes_on(client: AnyClient, worker: ScriptedWorker) -> None:
    job = worker.submit()

    with pytest.raises(mmgt.WaitTimedOut) as told:
        client.videos.wait(job.id, timeout_s=0.3)

    assert told.value.video["status"] == "queued"
    assert worker.store.get(job.id).status is JobStatus.QUEUED  # type: ignore[union-attr]


@pytest.mark.parametrize("ending", ["fail", "cancel", "delete"])
def test_a_wait_for_what_ends_otherwise_says_how(ending: str, client: AnyClient, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()

    def end(_: mmgt.Video) -> None:
        if ending == "fail" and worker.store.get(job.id).status is JobStatus.IN_PROGRESS:  # type: ignore[union-attr]
            worker.fail(job)
        elif ending == "cancel":
            worker.store.cancel(job.id)
            worker.store.acknowledge_cancel(job.id, job.attempt)
        elif ending == "delete":
            worker.store.delete(job.id)

    with pytest.raises((mmgt.NotCompleted, mmgt.NotFound)) as told:
        client.videos.wait(job.id, on_progress=end)

    facts = (type(told.value), told.value.code, getattr(told.value, "retryable", None))
    assert (
        facts
        == {
            "fail": (mmgt.NotCompleted, "gpu_out_of_memory", True),
            "cancel": (mmgt.NotCompleted, None, False),
            "delete": (mmgt.NotFound, "video_not_found", None),
        }[ending]
    )

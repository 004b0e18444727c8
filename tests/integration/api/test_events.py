"""Laws of the event stream: everything once and in order, from any event on, up to the last."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.settings import Settings, StoreSettings
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import settings_for


@dataclass(frozen=True)
class Seen:
    """One event as a client reads it."""

    id: str
    type: str
    video: dict[str, Any]


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path, limits={"sse_ping_s": 0.2})


def read(lines: Iterator[str]) -> Iterator[Seen]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        elif "data" in fields:
            yield Seen(fields["id"], fields["event"], json.loads(fields["data"]))
            fields = {}


def events_of(client: httpx.Client, video_id: str, last_event_id: str | None = None) -> list[Seen]:
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with client.stream("GET", f"/v1/videos/{video_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        return list(read(answer.iter_lines()))


def test_a_finished_video_replays_its_whole_life_and_the_stream_ends(
    alice: httpx.Client, worker: ScriptedWorker
) -> None:
    worker.submit()
    job = worker.claim()
    worker.tell(job, 30)
    worker.finish(job)

    events = events_of(alice, job.id)

    assert [event.type for event in events] == ["video.created", "video.started", "video.progress", "video.completed"]
    assert [event.video["progress"] for event in events] == [0, 0, 30, 100]
    assert [event.video["status"] for event in events] == ["queued", "in_progress", "in_progress", "completed"]


def test_replay_after_an_event_gives_exactly_those_missed(alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()
    for percent in (10, 20, 30):
        worker.tell(job, percent)
    worker.finish(job)
    everything = events_of(alice, job.id)

    for have in range(1, len(everything)):
        missed = events_of(alice, job.id, everything[have - 1].id)

        assert missed == everything[have:]


def test_who_has_every_event_of_an_ended_video_is_told_to_stay_away(
    alice: httpx.Client, worker: ScriptedWorker
) -> None:
    job = worker.complete_one()
    last = events_of(alice, job.id)[-1]

    answer = alice.get(f"/v1/videos/{job.id}/events", headers={"Last-Event-ID": last.id})

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_follower_gets_each_event_when_it_happens(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()
    with alice.stream("GET", f"/v1/videos/{job.id}/events") as answer:
        events = read(answer.iter_lines())
        seen = [next(events).type]
        claimed = worker.claim()
        seen.append(next(events).type)
        worker.tell(claimed, 50)
        seen.append(next(events).type)
        worker.finish(claimed)
        seen += [event.type for event in events]

    assert seen == ["video.created", "video.started", "video.progress", "video.completed"]


def test_a_quiet_stream_is_pinged_by_comments(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    with alice.stream("GET", f"/v1/videos/{job.id}/events") as answer:
        comment = next(line for line in answer.iter_lines() if line.startswith(":"))

    assert "ping" in comment


@pytest.mark.parametrize("ending", ["cancel", "fail", "delete"])
def test_every_ending_closes_the_stream(ending: str, alice: httpx.Client, worker: ScriptedWorker) -> None:
    worker.submit()
    job = worker.claim()
    with alice.stream("GET", f"/v1/videos/{job.id}/events") as answer:
        events = read(answer.iter_lines())
        next(events)
        if ending == "fail":
            worker.fail(job)
        elif ending == "delete":
            worker.store.delete(job.id)
        else:
            worker.store.cancel(job.id)
            worker.store.acknowledge_cancel(job.id, job.attempt)
        last = [event.type for event in events][-1]

    assert last == {"fail": "video.failed", "delete": "video.started", "cancel": "video.cancelled"}[ending]


@pytest.mark.parametrize("last_event_id", ["x", "1-2-3", "9" * 30, "1; DROP"])
def test_an_id_that_is_no_events_is_a_400(last_event_id: str, alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    answer = alice.get(f"/v1/videos/{job.id}/events", headers={"Last-Event-ID": last_event_id})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "Last-Event-ID")

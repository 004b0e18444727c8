"""Laws of what goes on beside a render, in this process: the next job's inputs ahead, the last one's results behind.

Each step waits for the one that the law puts before it: what did not go on beside the other would wait for ever.
"""

import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from jobs.job import ErrorCode, Failure, Job, JobOptions, JobStatus, Priority
from jobs.local_storage import LocalStorage
from jobs.settings import StoreSettings
from jobs.storage import ObjectStorage
from mmgt_core.pipelines.progress import RunControl
from tests.integration.scripted_pipeline import ScriptedPipeline
from tests.integration.worker.alone import CLASS, create_job, render_to_the_end, settings_alone
from tests.waiting import comes_true
from worker.noticeboard import NoticeBoard
from worker.pipeline import InputPaths, Prepared, Rendered
from worker.pipeline_host import PipelineHost
from worker.render import render_job
from worker.workplace import Workplace

SOON_S = 30.0


class Gate:
    """Somebody stands before it until it is opened; whoever opens it may first see that somebody came."""

    def __init__(self) -> None:
        self.came, self.opened = threading.Event(), threading.Event()

    def pass_through(self) -> None:
        self.came.set()
        assert self.opened.wait(SOON_S)

    def until_somebody_came(self) -> None:
        assert self.came.wait(SOON_S)


class GatedStorage(LocalStorage):
    """Results of a job with a gate are stored once that is open."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gates: dict[str, Gate] = {}

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        if "/a" in key and (gate := self.gates.get(key.split("/")[1])) is not None:
            gate.pass_through()
        super().put_file(key, path, content_type)


class GatedPipeline(ScriptedPipeline):
    """A render whose script names a gate waits before it; what is prepared and rendered is noted."""

    def __init__(self) -> None:
        super().__init__(CLASS, {"max_seconds": 600})
        self.gates: dict[str, Gate] = {}
        self.prepared: dict[str, int] = {}
        self.rendered: list[str] = []

    def prepare(self, paths: InputPaths, options: JobOptions, control: RunControl) -> Prepared:
        name = paths.image.parent.name.partition(".")[0]
        self.prepared[name] = self.prepared.get(name, 0) + 1
        return super().prepare(paths, options, control)

    def render(
        self, prepared: Prepared, options: JobOptions, folder: Path, control: RunControl, *more: Any
    ) -> Rendered:
        self.rendered.append(folder.name.partition(".")[0])
        if (name := prepared.inputs.get("gate")) is not None:
            self.gates[name].pass_through()
        return super().render(prepared, options, folder, control, *more)


class GatedPlace(Workplace):
    """The worker's place with gates in it."""

    @cached_property
    def storage(self) -> ObjectStorage:
        return GatedStorage(self.settings.objects_folder)

    @cached_property
    def host(self) -> PipelineHost:
        return PipelineHost(GatedPipeline())


@pytest.fixture
def place(store_settings: StoreSettings, tmp_path: Path) -> Iterator[Workplace]:
    place = GatedPlace(settings_alone(store_settings, tmp_path), "alone", CLASS, lambda *_: None, NoticeBoard())
    yield place
    place.ahead.end()
    place.behind.wait()
    place.store.close()


def create(place: Workplace, script: dict[str, Any] | None = None, **fields: Any) -> Job:
    return create_job(place.store, place.storage, script, **fields)


def now(place: Workplace, job: Job) -> Job:
    found = place.store.get(job.id)
    assert found is not None
    return found


def folders(place: Workplace, job: Job) -> list[Path]:
    return list(place.scratch.glob(f"{job.id}.*"))


def gate_results_of(place: Workplace, job: Job) -> Gate:
    gate = Gate()
    place.storage.gates[job.id] = gate  # type: ignore[attr-defined]
    return gate


def gated_render(place: Workplace) -> tuple[Job, Gate, threading.Thread]:
    """A job whose render has begun and stands before a gate, in a thread."""
    pipeline, gate = place.host.pipeline, Gate()
    pipeline.gates["first"] = gate  # type: ignore[attr-defined]
    job = create(place, {"gate": "first"})
    rendering = threading.Thread(target=render_to_the_end, args=(place,))
    rendering.start()
    gate.until_somebody_came()
    return job, gate, rendering


def prepared(place: Workplace) -> dict[str, int]:
    return place.host.pipeline.prepared  # type: ignore[attr-defined, no-any-return]


def rendered(place: Workplace) -> list[str]:
    return place.host.pipeline.rendered  # type: ignore[attr-defined, no-any-return]


def test_a_job_is_rendered_while_the_one_before_is_stored(place: Workplace) -> None:
    first, second = create(place), create(place)
    storing = gate_results_of(place, first)

    render_job(place, CLASS)
    storing.until_somebody_came()
    rendering = threading.Thread(target=render_to_the_end, args=(place,))
    rendering.start()
    assert comes_true(lambda: second.id in rendered(place), SOON_S)
    while_storing = now(place, first)
    storing.opened.set()
    rendering.join(SOON_S)

    assert while_storing.status is JobStatus.IN_PROGRESS
    assert [now(place, job).status for job in (first, second)] == [JobStatus.COMPLETED] * 2
    assert [now(place, job).attempt for job in (first, second)] == [1, 1]


def test_the_next_job_s_inputs_are_prepared_while_another_renders_and_once_only(place: Workplace) -> None:
    first, rendering_gate, rendering = gated_render(place)
    second = create(place)

    assert comes_true(lambda: prepared(place).get(second.id) == 1, SOON_S)
    waiting = now(place, second)
    rendering_gate.opened.set()
    rendering.join(SOON_S)
    render_to_the_end(place)

    assert (waiting.status, waiting.attempt, waiting.queue_position) == (JobStatus.QUEUED, 0, 1)
    assert [now(place, job).status for job in (first, second)] == [JobStatus.COMPLETED] * 2
    assert prepared(place) == {first.id: 1, second.id: 1}
    assert list(place.scratch.glob("video_*")) == []


def test_a_job_that_is_cancelled_while_its_inputs_lie_ready_leaves_nothing(place: Workplace) -> None:
    _, rendering_gate, rendering = gated_render(place)
    second = create(place)
    assert comes_true(lambda: prepared(place).get(second.id) == 1, SOON_S)

    place.store.cancel(second.id)
    assert comes_true(lambda: not folders(place, second), SOON_S)
    rendering_gate.opened.set()
    rendering.join(SOON_S)
    render_to_the_end(place)

    assert (now(place, second).status, now(place, second).attempt) == (JobStatus.CANCELLED, 0)
    assert second.id not in rendered(place)


def test_an_urgent_job_goes_before_the_one_whose_inputs_lie_ready(place: Workplace) -> None:
    _, rendering_gate, rendering = gated_render(place)
    batch = create(place, priority=Priority.BATCH)
    assert comes_true(lambda: prepared(place).get(batch.id) == 1, SOON_S)

    urgent = create(place)
    rendering_gate.opened.set()
    rendering.join(SOON_S)
    render_to_the_end(place)
    render_to_the_end(place)

    assert rendered(place)[1:] == [urgent.id, batch.id]
    assert [now(place, job).attempt for job in (urgent, batch)] == [1, 1]
    assert list(place.scratch.glob("video_*")) == []


def test_inputs_that_are_found_wrong_ahead_fail_their_job_in_its_own_attempt(place: Workplace) -> None:
    _, rendering_gate, rendering = gated_render(place)
    wrong = create(place, {"event": "input_error"})
    assert comes_true(lambda: prepared(place).get(wrong.id) == 1, SOON_S)
    before = now(place, wrong).status

    rendering_gate.opened.set()
    rendering.join(SOON_S)
    render_to_the_end(place)

    failed = now(place, wrong)
    assert before is JobStatus.QUEUED
    assert failed.failure is not None
    assert (failed.failure.code, failed.attempt) == (ErrorCode.AUDIO_TOO_LONG, 1)
    assert prepared(place)[wrong.id] == 1


def test_a_drain_gives_back_what_is_stored_behind_uncounted_and_the_next_attempt_only_stores_it(
    place: Workplace,
) -> None:
    job = create(place)
    storing = gate_results_of(place, job)
    render_job(place, CLASS)
    storing.until_somebody_came()

    place.board.ask_to_drain()
    storing.opened.set()
    place.behind.wait()
    released = now(place, job)
    restarted = GatedPlace(place.settings, "restarted", CLASS, lambda *_: None, NoticeBoard())
    render_to_the_end(restarted)

    done = now(place, job)
    assert (released.status, released.lost_attempts) == (JobStatus.QUEUED, 0)
    assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)
    assert rendered(restarted) == []


def test_a_job_that_was_lost_before_is_rendered_with_nobody_else_s_work_beside_it(place: Workplace) -> None:
    poison = create(place)
    claimed = place.store.claim_next(CLASS, "another")
    assert claimed is not None
    first = create(place)
    storing = gate_results_of(place, first)
    render_job(place, CLASS)
    storing.until_somebody_came()
    lost = Failure(ErrorCode.WORKER_LOST, "it took its process along")
    place.store.release(poison.id, claimed.attempt, lost=lost, max_lost_attempts=3)

    rendering = threading.Thread(target=render_job, args=(place, CLASS))
    rendering.start()
    assert comes_true(lambda: now(place, poison).status is JobStatus.IN_PROGRESS, SOON_S)
    before = rendered(place) + list(prepared(place))
    storing.opened.set()
    rendering.join(SOON_S)

    assert poison.id not in before
    assert now(place, first).status is JobStatus.COMPLETED
    assert (now(place, poison).status, place.behind.is_busy) == (JobStatus.COMPLETED, False)


def test_a_notice_tells_of_the_newest_job_until_the_last_one_is_over() -> None:
    board = NoticeBoard()

    board.hold("first")
    board.hold("second")
    board.let_go("first")
    board.let_go("second")

    assert [notice["job_id"] for notice in board.read()] == ["first", "second", "second", None]

"""Laws of the worker's side of a preview: it is never in the way of the render, and what goes wrong is told once."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import Job, JobOptions, JobRequest, JobStatus, Preview, PreviewEnd, fragment_key
from jobs.local_storage import LocalStorage
from jobs.storage import ObjectFacts
from jobs.verbs.lifecycle import Outcome
from tests.captured_logs import every_line
from worker.live_preview import MAX_FRAGMENTS, LivePreview

END_S = 10.0
FRAME = np.zeros((2, 2, 3), np.uint8)
REQUEST = JobRequest("video_1", "ada", "m", "m", JobOptions(1), {}, "2x2", 25, "print")
JOB = Job(REQUEST, JobStatus.IN_PROGRESS, 2, 0, 0, attempt=3)


class Writer:
    """Gives each frame back as a fragment that names its number."""

    def __init__(self, num_frames: int) -> None:
        self._left, self._number, self.is_closed = num_frames, 0, False

    @property
    def is_whole(self) -> bool:
        return self._left == 0

    def write(self, frame: np.ndarray) -> bytes:
        if frame.shape != FRAME.shape:
            raise ValueError("another shape")
        self._left -= 1
        self._number += 1
        return b"fragment %d" % self._number

    def close(self) -> None:
        self.is_closed = True


class Store:
    """The record of one preview."""

    def __init__(self, outcome: Outcome = Outcome.DONE, is_away: bool = False) -> None:
        self.told: list[Preview] = []
        self.outcome, self.is_away = outcome, is_away

    def preview(self, job_id: str, attempt: int, now: Preview) -> Outcome:
        if self.is_away:
            raise StoreUnavailable("away")
        assert (job_id, attempt) == (JOB.id, JOB.attempt)
        self.told.append(now)
        return self.outcome


class Storage(LocalStorage):
    """A folder whose writes do something first."""

    def __init__(self, folder: Path, before: Callable[[str], object] = lambda key: None) -> None:
        super().__init__(folder)
        self._before = before

    def put_bytes(self, key: str, content: bytes, content_type: str) -> ObjectFacts:
        self._before(key)
        return super().put_bytes(key, content, content_type)


def previewed(storage: Storage, store: Store, num_frames: int = 4, begins: int = 1) -> tuple[LivePreview, Writer]:
    preview, writer = LivePreview(storage, store, JOB), Writer(num_frames)  # type: ignore[arg-type]
    for _ in range(begins):
        preview.begin(lambda: writer)
    return preview, writer


def test_every_fragment_is_stored_before_it_is_told_and_the_end_comes_last(tmp_path: Path) -> None:
    store = Store()
    num_told = []
    preview, writer = previewed(Storage(tmp_path, lambda key: num_told.append(len(store.told))), store)

    for _ in range(4):
        preview.take(FRAME)
    preview.settle()

    keys = [fragment_key(JOB.id, JOB.attempt, number) for number in range(4)]
    assert [b"".join(LocalStorage(tmp_path).stream(key)) for key in keys] == [b"fragment %d" % n for n in (1, 2, 3, 4)]
    assert num_told == [0, 1, 2, 3]
    assert store.told == [Preview(1), Preview(2), Preview(3), Preview(4), Preview(4, PreviewEnd.WHOLE)]
    assert writer.is_closed


def test_a_store_that_hangs_holds_up_no_frame_and_drops_it(tmp_path: Path) -> None:
    hangs = threading.Event()
    store = Store()
    preview, writer = previewed(Storage(tmp_path, lambda key: hangs.wait(END_S)), store, num_frames=1000)

    with every_line() as logs:
        for _ in range(MAX_FRAGMENTS + 200):
            preview.take(FRAME)
    hangs.set()
    preview.abandon()

    assert [entry["event"] for entry in logs] == ["preview_dropped"]
    assert logs[0]["job_id"] == JOB.id
    assert f"{MAX_FRAGMENTS} fragments wait" in logs[0]["reason"]
    assert store.told[-1].end is PreviewEnd.DROPPED
    assert writer.is_closed


@pytest.mark.parametrize("is_store_away", [False, True])
def test_a_store_that_refuses_drops_it_and_is_told_once(tmp_path: Path, is_store_away: bool) -> None:
    def refuse(key: str) -> None:
        raise StorageUnavailable("full")

    store = Store(is_away=is_store_away)
    preview, _ = previewed(Storage(tmp_path, refuse), store)

    with every_line() as logs:
        for _ in range(4):
            preview.take(FRAME)
        preview.settle()

    assert [entry["event"] for entry in logs] == ["preview_dropped"]
    assert store.told == ([] if is_store_away else [Preview(0, PreviewEnd.DROPPED)])


def test_a_frame_that_cannot_be_encoded_drops_it(tmp_path: Path) -> None:
    store = Store()
    preview, writer = previewed(Storage(tmp_path), store, num_frames=100)

    preview.take(FRAME)
    for _ in range(99):
        preview.take(FRAME[:1])
    preview.settle()

    assert store.told[-1].end is PreviewEnd.DROPPED
    assert writer.is_closed


def test_an_attempt_that_is_lost_stores_no_more(tmp_path: Path) -> None:
    store = Store(Outcome.STALE)
    preview, writer = previewed(Storage(tmp_path), store)

    with every_line() as logs:
        for _ in range(4):
            preview.take(FRAME)
        preview.settle()

    assert store.told == [Preview(1)]
    assert logs == []
    assert writer.is_closed


def test_one_that_is_abandoned_ends_in_the_middle_without_a_word(tmp_path: Path) -> None:
    store = Store()
    preview, writer = previewed(Storage(tmp_path), store)
    preview.take(FRAME)

    with every_line() as logs:
        preview.abandon()

    assert logs == []
    assert all(told.end is None for told in store.told)
    assert writer.is_closed


def test_a_render_that_begins_anew_before_its_first_frame_goes_on_and_later_drops_it(tmp_path: Path) -> None:
    early, late = Store(), Store()
    before, _ = previewed(Storage(tmp_path), early, begins=2)
    for _ in range(4):
        before.take(FRAME)
    before.settle()
    after, writer = previewed(Storage(tmp_path), late)
    after.take(FRAME)

    after.begin(lambda: writer)
    after.settle()

    assert early.told[-1] == Preview(4, PreviewEnd.WHOLE)
    assert late.told[-1].end is PreviewEnd.DROPPED


def test_one_that_never_began_is_settled_and_abandoned_at_once(tmp_path: Path) -> None:
    preview = LivePreview(Storage(tmp_path), Store(), JOB)  # type: ignore[arg-type]

    preview.settle()
    preview.abandon()

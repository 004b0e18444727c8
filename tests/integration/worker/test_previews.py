"""Laws of previews that real workers make: they grow with the render, end with it, and are never in its way."""

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest

from jobs.job import Job, JobStatus, fragment_key, preview_prefix
from jobs.storage import delete_prefix
from mmgt_core.media.provenance import read_provenance
from tests.integration.api.preview_reader import END_S, Reader, path_of
from tests.integration.api.served import ServedApp
from tests.integration.scripted_pipeline import grey_of
from tests.integration.worker.service import Service

FRAMES, GATE_AT = 85, 60
WHOLE_FRAGMENTS = 2  # of 25 frames each, before the gate


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


@pytest.fixture(scope="module")
def client(service: Service) -> Iterator[httpx.Client]:
    served = ServedApp(service.settings)
    served.start()
    yield served.client(None)
    served.stop()


def pass_gate(gate: Path) -> None:
    """Let the render go on; returns as soon as it was there."""
    gate.open("w").close()


def levels_of(content: bytes) -> list[float]:
    """The grey levels of the frames that a player shows, each checked to come at its time."""
    levels = []
    with av.open(io.BytesIO(content)) as film:
        for index, frame in enumerate(film.decode(video=0)):
            assert frame.time == pytest.approx(index / 25)
            levels.append(frame.to_ndarray(format="rgb24").mean())
    return levels


def expected(num_frames: int) -> list[float]:
    return pytest.approx([grey_of(index) for index in range(num_frames)], abs=3)


def begun(service: Service, gate: Path | None) -> Job:
    """A job that waits in the middle of its frames, at a gate or to be stopped; all that came before is stored."""
    service.top_up(1)
    waits = {"stops_at": GATE_AT} if gate is None else {"gates": {str(GATE_AT): str(gate)}}
    job = service.create({"frames": FRAMES, **waits})

    def are_stored() -> bool:
        preview = service.job(job.id).preview
        return preview is not None and preview.num_fragments == WHOLE_FRAGMENTS

    service.until(are_stored, END_S, lambda: service.job(job.id))
    return service.job(job.id)


def stored(service: Service, job: Job) -> bytes:
    keys = (fragment_key(job.id, job.attempt, number) for number in range(WHOLE_FRAGMENTS))
    return b"".join(b"".join(service.storage.stream(key)) for key in keys)


def test_what_is_open_plays_while_the_job_runs_and_to_the_real_end(
    service: Service, client: httpx.Client, gate: Path, tmp_path: Path
) -> None:
    job = begun(service, gate)
    readers = [Reader(client, job) for _ in range(2)]
    so_far = stored(service, job)
    have_read = [reader.has_read(so_far) for reader in readers]
    told = client.get(f"/v1/videos/{job.id}").json()

    pass_gate(gate)
    done = service.until_ended(job.id)
    contents = [reader.end() for reader in readers]

    service.storage.fetch_file(done.results["video"], tmp_path / "video.mp4")
    assert have_read == [True, True]
    assert levels_of(so_far) == expected(25 * WHOLE_FRAGMENTS)
    assert (told["status"], told["progress_detail"]["preview"]) == ("in_progress", True)
    assert done.status is JobStatus.COMPLETED
    assert levels_of(contents[0]) == expected(FRAMES)
    assert contents[1] == contents[0] == client.get(path_of(job)).content
    assert service.event_types(job.id).count("video.preview") == 1
    assert read_provenance(tmp_path / "video.mp4").is_valid


def test_a_killed_workers_preview_is_cut_and_the_next_attempts_is_whole(
    service: Service, client: httpx.Client, gate: Path
) -> None:
    job = begun(service, gate)
    reader = Reader(client, job)
    so_far = stored(service, job)
    assert reader.has_read(so_far)

    os.kill(service.child_of(service.holder_of(job.id)), signal.SIGKILL)
    cut = reader.end()
    again = Reader(client, job)
    pass_gate(gate)
    done = service.until_ended(job.id)

    assert (cut, bool(reader.error)) == (so_far, True)
    assert (done.status, done.attempt) == (JobStatus.COMPLETED, 2)
    assert levels_of(again.end()) == expected(FRAMES)


def test_a_cancelled_jobs_preview_is_cut_and_gone(service: Service, client: httpx.Client) -> None:
    job = begun(service, None)
    reader = Reader(client, job)
    assert reader.has_read(stored(service, job))

    service.store.cancel(job.id)
    ended = service.until_ended(job.id)
    reader.end()
    answer = client.get(path_of(job))

    assert ended.status is JobStatus.CANCELLED
    assert reader.error
    assert [key for key in service.keys(job.id) if "/preview/" in key] == []
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "preview_not_available")


def test_a_preview_that_cannot_be_stored_is_told_once_and_the_video_is_not_touched(
    service: Service, client: httpx.Client, gate: Path
) -> None:
    service.top_up(1)
    job = service.create({"frames": FRAMES, "gates": {"0": str(gate)}})
    reader = Reader(client, job)
    in_its_way = preview_prefix(job.id, 1).removesuffix("/")  # a folder cannot be where a file is
    service.storage.put_bytes(in_its_way, b"", "text/plain")

    pass_gate(gate)
    done = service.until_ended(job.id)
    reader.end()

    dropped = [line for line in service.log_lines() if job.id in line and "preview_dropped" in line]
    delete_prefix(service.storage, in_its_way)
    assert done.status is JobStatus.COMPLETED
    assert reader.status == 404
    assert "video.preview" not in service.event_types(job.id)
    assert len(dropped) == 1

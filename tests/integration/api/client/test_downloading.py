"""Laws of downloads, against the running service and over connections that break."""

import threading
from pathlib import Path
from typing import get_args

import pytest

import mmgt
from jobs.job import result_key
from jobs.verbs.lifecycle import Outcome, Results
from tests.integration.api.client.clients import AnyClient, Making, rendering
from tests.integration.api.client.cutting_proxy import CuttingProxy
from tests.integration.api.creating import PNG, WAV
from tests.integration.api.scripted_worker import VIDEO, ScriptedWorker
from tests.integration.api.served import ServedApp

STORED = tuple(variant for variant in get_args(mmgt.Variant) if variant != "preview")


def test_a_video_is_made_waited_for_and_downloaded(client: AnyClient, worker: ScriptedWorker, tmp_path: Path) -> None:
    (tmp_path / "me.png").write_bytes(PNG)
    told: list[int] = []
    threads: list[threading.Thread] = []

    def hear(video: mmgt.Video) -> None:
        told.append(video["progress"])
        if not threads:  # it is created and followed: now it is rendered
            threads.append(rendering(worker, 20, 60))

    video = client.videos.create_and_wait(
        image=tmp_path / "me.png", audio=WAV, seed=7, metadata={"scene": "intro"}, consent=True, on_progress=hear
    )
    threads[0].join()
    out = client.videos.download(video["id"], tmp_path / "out.mp4")

    assert (video["status"], video["seed"], video["metadata"]) == ("completed", 7, {"scene": "intro"})
    assert told == [0, 0, 20, 60, 100]
    assert (out, out.read_bytes()) == (tmp_path / "out.mp4", VIDEO)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.mp4"]


def with_every_file(worker: ScriptedWorker) -> str:
    """A completed video that has each file there is; its content is its name."""
    worker.submit()
    job = worker.claim()
    keys = {variant: result_key(job.id, job.attempt, f"{variant}.bin") for variant in STORED}
    for variant, key in keys.items():
        worker.storage.put_bytes(key, variant.encode(), "application/octet-stream")
    assert worker.store.finalise(job.id, job.attempt, Results(keys, seconds=3.2, gpu_seconds=1.5)) is Outcome.DONE
    return job.id


def test_each_variant_is_downloaded_and_read(client: AnyClient, worker: ScriptedWorker, tmp_path: Path) -> None:
    video_id = with_every_file(worker)

    written = {each: client.videos.download(video_id, str(tmp_path / each), each).read_bytes() for each in STORED}
    read = {each: client.videos.content(video_id, each) for each in STORED}

    assert len(STORED) >= 6
    assert written == read == {each: each.encode() for each in STORED}


@pytest.mark.parametrize("variant", ["pose", "masks", "preview"])
def test_a_file_that_is_not_there_leaves_nothing_and_spares_what_was(
    variant: mmgt.Variant, client: AnyClient, worker: ScriptedWorker, tmp_path: Path
) -> None:
    job = worker.complete_one()
    out = tmp_path / "it.mp4"
    out.write_bytes(b"before")

    with pytest.raises(mmgt.NotFound):
        client.videos.download(job.id, out, variant)

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir() if path.is_file()] == [("it.mp4", b"before")]


def test_a_download_goes_on_where_it_broke(
    make: Making, worker: ScriptedWorker, served: ServedApp, tmp_path: Path
) -> None:
    worker.submit()
    film = bytes(range(251)) * 4000  # a megabyte whose bytes tell their place
    job = worker.claim()
    worker.finish(job, film)

    with CuttingProxy(served.url, cuts=[300_000, 200, 400_000]) as proxy:
        out = make(proxy.url).videos.download(job.id, tmp_path / "it.mp4")
        asked = b"".join(proxy.asked).lower()

    assert out.read_bytes() == film
    assert asked.count(b"\r\nrange: bytes=") == 3
    assert asked.count(b"\r\nif-range: ") == 3


def test_a_download_that_never_ends_is_given_up_and_leaves_nothing(
    make: Making, worker: ScriptedWorker, served: ServedApp, tmp_path: Path
) -> None:
    job = worker.complete_one()

    with CuttingProxy(served.url, cuts=[100] * 50) as proxy, pytest.raises(mmgt.Unreachable):
        make(proxy.url, max_retries=1).videos.download(job.id, tmp_path / "it.mp4")

    assert list(tmp_path.glob("it*")) == []

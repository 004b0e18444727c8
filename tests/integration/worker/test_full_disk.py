"""Laws of a full disk, on a real small one: storage is unavailable then, and nothing half-made stays."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.disk import need_room
from jobs.errors import StorageUnavailable, StoreUnavailable
from jobs.job import ErrorCode
from jobs.local_storage import LocalStorage
from jobs.settings import StoreSettings
from jobs.store import JobStore
from mmgt_core.pipelines.output_files import Extra, Outputs
from tests.integration.api.creating import FILES, WAV, create, files_under, num_jobs
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for
from tests.integration.small_disk import fill, small_disk
from tests.integration.valkey import ValkeyServer
from tests.integration.worker.alone import create_job, place_alone, render_to_the_end
from tests.waiting import comes_true
from worker.workplace import Workplace

DISK_MB = 8
NO_RESERVE = {"reserve_bytes": 0}
LONG_AUDIO = WAV + bytes(3_000_000)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", DISK_MB) as folder:
        yield folder


def test_room_is_compared_with_the_need_and_the_reserve_and_the_message_has_the_numbers(disk: Path) -> None:
    need_room(disk / "not" / "made" / "yet", 1_000_000, 1_000_000)

    with pytest.raises(StorageUnavailable, match=r"disk: 8\.\d MB are free; 5\.0 MB are needed, and 4 MB are kept"):
        need_room(disk, 5_000_000, 4_000_000)


def test_a_write_into_a_full_folder_is_unavailable_and_leaves_nothing(disk: Path, tmp_path: Path) -> None:
    storage, source = LocalStorage(disk / "objects"), tmp_path / "in.bin"
    source.write_bytes(bytes(3_000_000))
    fill(disk, 1_000_000)

    with pytest.raises(StorageUnavailable, match="No space left"):
        storage.put_file("videos/v/inputs/audio.wav", source, "audio/wav")

    assert files_under(disk / "objects") == []


def test_a_fetch_onto_a_full_disk_names_it_and_leaves_no_file(disk: Path, tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "objects")
    storage.put_bytes("videos/v/inputs/audio.wav", bytes(3_000_000), "audio/wav")
    filler = fill(disk, 1_000_000)

    with pytest.raises(StorageUnavailable, match=f"{disk}/audio.wav: No space left"):
        storage.fetch_file("videos/v/inputs/audio.wav", disk / "audio.wav")

    assert list(disk.iterdir()) == [filler]


@pytest.mark.parametrize("is_announced", [True, False], ids=["with its length", "in chunks"])
def test_an_upload_that_the_disk_cannot_hold_is_a_503_and_the_next_that_fits_is_taken(
    store_settings: StoreSettings, disk: Path, is_announced: bool
) -> None:
    served = ServedApp(settings_for(store_settings, disk, storage=NO_RESERVE))
    served.start()
    client = served.client()
    store = JobStore(store_settings)
    ScriptedWorker(store, LocalStorage(served.settings.objects_folder)).heartbeat()
    filler = fill(disk, 1_000_000)
    request = client.build_request("POST", "/v1/videos", files={**FILES, "audio": ("a.wav", LONG_AUDIO, "audio/wav")})
    body = request.read()
    kind = {"Content-Type": request.headers["content-type"]}
    content = body if is_announced else (body[at : at + 65536] for at in range(0, len(body), 65536))

    answer = client.post("/v1/videos", content=content, headers=kind)
    left = files_under(disk)
    filler.unlink()
    afterwards = create(client)
    made = num_jobs(store)
    served.stop()
    store.close()

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
    assert answer.headers["retry-after"]
    assert left == ["filler"]
    assert (afterwards.status_code, made) == (202, 1)


def place_on(disk: Path, store_settings: StoreSettings, data: Path, reserve_bytes: int) -> Workplace:
    """A worker whose scratch is the small disk, and that has one attempt."""
    worker = {
        "scripted_pipeline": "tests.integration.scripted_pipeline",
        "storage_patience_s": 0,
        "scratch_folder": disk,
    }
    groups = {"storage": {"reserve_bytes": reserve_bytes}, "leases": {"max_lost_attempts": 1}}
    return place_alone(settings_for(store_settings, data, worker=worker, **groups))


def test_a_job_is_not_begun_without_room_for_it(store_settings: StoreSettings, disk: Path, tmp_path: Path) -> None:
    place = place_on(disk, store_settings, tmp_path, reserve_bytes=2 * DISK_MB * 1_000_000)
    job = create_job(place.store, place.storage)

    render_to_the_end(place)

    after = place.store.get(job.id)
    place.store.close()
    assert after is not None
    assert after.failure is not None
    assert (after.failure.code, after.failure.retryable) == (ErrorCode.STORAGE_UNAVAILABLE, True)
    assert files_under(disk) == []


def test_a_disk_that_fills_while_a_job_is_rendered_is_storage_that_is_away(
    store_settings: StoreSettings, disk: Path, tmp_path: Path
) -> None:
    place = place_on(disk, store_settings, tmp_path, reserve_bytes=0)
    job = create_job(place.store, place.storage, seconds=0.001)
    filler = fill(disk, 8192)  # enough for the comparison, not for what is then written

    render_to_the_end(place)

    after = place.store.get(job.id)
    place.store.close()
    assert after is not None
    assert after.failure is not None
    assert (after.failure.code, after.failure.retryable) == (ErrorCode.STORAGE_UNAVAILABLE, True)
    assert list(disk.iterdir()) == [filler]


def test_a_command_whose_disk_is_full_names_the_file_that_was_asked_for(disk: Path) -> None:
    fill(disk, 100_000)
    outputs = Outputs(disk / "demo.mp4")

    named = f"No space left on device: '{disk}/demo.mp4'"
    with pytest.raises(OSError, match=named) as refused, outputs.unfinished() as staged:
        staged.video.write_bytes(bytes(1_000_000))

    assert refused.value.errno == errno.ENOSPC
    assert not outputs.video.exists()


def test_a_command_compares_what_is_free_with_what_its_videos_take(disk: Path) -> None:
    outputs = Outputs(disk / "new" / "demo.mp4", frozenset({Extra.POSE}))
    outputs.check_room(seconds=5.0)

    with pytest.raises(OSError, match=r"8\.\d MB are free, and about 48.0 MB are needed: '.*/new/demo.mp4'"):
        outputs.check_room(seconds=60.0)


def test_a_store_whose_disk_is_full_is_away_until_it_has_room(disk: Path) -> None:
    valkey = ValkeyServer(disk, "everysec")  # with "always" it ends, and whoever keeps it starts it again
    valkey.start()
    store = JobStore(StoreSettings.model_validate({"url": valkey.url, "timeout_s": 2.5, "retries": 0}))
    filler = fill(disk)

    with pytest.raises(StoreUnavailable, match="MISCONF"):
        assert comes_true(lambda: store.put_preflight_answer("a", "x" * 100_000), 30.0)
    filler.unlink()

    assert comes_true(lambda: answers(store), 30.0)
    store.close()
    valkey.stop()


def answers(store: JobStore) -> bool:
    try:
        store.put_preflight_answer("b", "x")
    except StoreUnavailable:
        return False
    return True

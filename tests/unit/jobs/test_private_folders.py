"""Laws of what belongs to one process: it is private, it stays while its owner lives, and it goes when nobody does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.local_storage import UNFINISHED, LocalStorage
from jobs.private_folders import OwnedFolder, make_private, owned_file, remove_abandoned
from jobs.scratch import FINISHED_FILE, finished_folder, has_finished, sweep_scratch

OWNS = """
import sys
from pathlib import Path
from jobs.private_folders import OwnedFolder, owned_file
folder = OwnedFolder.new(Path(sys.argv[1]), "upload")
(folder.path / "part0").write_bytes(b"a face")
with owned_file(Path(sys.argv[1])) as file:
    file.write_bytes(b"a voice")
    print("owned", flush=True)
    sys.stdin.read()
"""


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names_in(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.glob("*")}


@pytest.fixture
def other(tmp_path: Path) -> "subprocess.Popen[bytes]":
    """Another process that owns a folder and a file."""
    command = [sys.executable, "-c", OWNS, str(tmp_path / "shared")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"owned\n"
    return process


def test_what_a_living_process_owns_stays_and_what_a_killed_one_owned_goes(
    tmp_path: Path, other: "subprocess.Popen[bytes]"
) -> None:
    shared = tmp_path / "shared"
    while_it_lives = remove_abandoned(list(shared.glob("*")))
    left = len(names_in(shared))
    other.kill()
    other.communicate()

    after_its_death = remove_abandoned(list(shared.glob("*")))

    assert (while_it_lives, left) == (0, 2)
    assert after_its_death == 2
    assert names_in(shared) == set()


def test_an_owner_s_child_keeps_what_it_owns(tmp_path: Path) -> None:
    owned = OwnedFolder.new(tmp_path, "preflight")
    # pytest's process has threads, and a fork of it could hang: the child inherits what a fork would
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(owned._lock,))
    os.close(owned._lock)  # as the owner's end does

    while_the_child_lives = remove_abandoned([owned.path])
    child.communicate()

    assert while_the_child_lives == 0
    assert remove_abandoned([owned.path]) == 1


@pytest.mark.parametrize("stood_there", [None, 0o755, 0o777])
def test_a_private_folder_is_for_its_user_only_whatever_stood_there(tmp_path: Path, stood_there: int | None) -> None:
    folder = tmp_path / "data" / "objects"
    if stood_there is not None:
        folder.mkdir(parents=True)
        folder.chmod(stood_there)

    make_private(folder)

    assert mode_of(folder) == 0o700


def test_everybody_s_folder_stays_everybody_s(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)

    with OwnedFolder.new(tmp_path, "upload") as own:
        assert (tmp_path.stat().st_mode & 0o7777, mode_of(own)) == (0o1777, 0o700)


def test_objects_lie_in_private_folders_and_files(tmp_path: Path) -> None:
    folder = tmp_path / "objects"
    folder.mkdir(mode=0o755)
    storage = LocalStorage(folder)

    storage.put_bytes("videos/v/inputs/image.png", b"a face", "image/png")

    assert [mode_of(path) for path in (folder, folder / UNFINISHED)] == [0o700, 0o700]
    assert mode_of(folder / "videos" / "v" / "inputs" / "image.png") == 0o600


def test_a_write_that_was_killed_leaves_nothing_and_one_that_goes_on_is_not_disturbed(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "objects")
    room = make_private(tmp_path / "objects" / UNFINISHED)
    (room / "left").write_bytes(b"half a voice")

    with owned_file(room) as going_on:
        num_removed = storage.remove_unfinished(0)

        assert num_removed == 1
        assert list(room.iterdir()) == [going_on]


def test_only_a_finished_video_of_a_living_job_waits_for_its_next_attempt(tmp_path: Path) -> None:
    for job_id in ("video_lives", "video_ended", "video_halfway"):
        owned = OwnedFolder.new(tmp_path, job_id)
        (owned.path / ("half" if job_id == "video_halfway" else FINISHED_FILE)).write_text("{}")
        owned.close(keep=True)

    sweep_scratch(tmp_path, lambda job_id: job_id != "video_ended")

    assert names_in(tmp_path) == {"video_lives"}
    owned = finished_folder(tmp_path, "video_lives")
    assert owned is not None
    with owned as folder:
        assert (folder / FINISHED_FILE).is_file()
        assert finished_folder(tmp_path, "video_lives") is None  # it has an owner
        assert has_finished(tmp_path, "video_lives")


@pytest.mark.parametrize("left", ["small@host/preflight.x1", "render@host/video_1", "uploads/tmp1"])
def test_what_earlier_versions_left_goes_too(tmp_path: Path, left: str) -> None:
    (tmp_path / left).mkdir(parents=True)
    (tmp_path / left / "image.png").write_bytes(b"a face")

    sweep_scratch(tmp_path, lambda job_id: True)

    assert not (tmp_path / left).exists()


@pytest.mark.parametrize("inside", ["canary.wav", "canary.mp4", "preflight.json", "video_of_the_pose.mp4"])
def test_nothing_inside_what_is_under_way_is_taken_for_a_leftover_by_its_name(tmp_path: Path, inside: str) -> None:
    with OwnedFolder.new(tmp_path, "canary") as folder:
        (folder / inside).write_bytes(b"sound")

        sweep_scratch(tmp_path, lambda job_id: True)

        assert (folder / inside).exists()

"""Laws of spooled files: what a killed process left is removed, what another replica is reading is not."""

import os
import time
from pathlib import Path

import pytest

from api.uploads import UploadDesk
from jobs.settings import Settings

STALE_S = 3600


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    return tmp_path / "scratch" / "uploads"


@pytest.fixture
def desk(tmp_path: Path) -> UploadDesk:
    return UploadDesk(Settings.model_validate({"data": tmp_path, "retention": {"orphan_upload_s": STALE_S}}))


def spooled(uploads: Path, name: str, age_s: float) -> Path:
    file = uploads / name / "part0"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half an upload")
    os.utime(file.parent, (time.time() - age_s,) * 2)
    return file


def test_what_a_killed_process_has_left_is_removed(desk: UploadDesk, uploads: Path) -> None:
    left = spooled(uploads, "left", STALE_S + 60)

    desk.clear()

    assert not left.parent.exists()


def test_what_may_be_another_replica_s_upload_is_kept(desk: UploadDesk, uploads: Path) -> None:
    under_way = spooled(uploads, "under_way", STALE_S - 60)

    desk.clear()

    assert under_way.read_bytes() == b"half an upload"


def test_a_folder_that_was_never_used_needs_no_clearing(desk: UploadDesk, uploads: Path) -> None:
    desk.clear()

    assert not uploads.exists()

"""Laws of spooled files: what a killed process left is removed, what another replica is reading is not."""

from pathlib import Path

import pytest

from api.uploads import UploadDesk
from jobs.private_folders import OwnedFolder
from jobs.scratch import UPLOAD
from jobs.settings import Settings


@pytest.fixture
def desk(tmp_path: Path) -> UploadDesk:
    return UploadDesk(Settings.model_validate({"data": tmp_path}))


@pytest.mark.parametrize("name", ["upload.0123", "uploads/tmp0123"])  # the second by versions before
def test_what_a_killed_process_has_left_is_removed(desk: UploadDesk, tmp_path: Path, name: str) -> None:
    left = tmp_path / "scratch" / name
    left.mkdir(parents=True)
    (left / "part0").write_bytes(b"half an upload")

    desk.clear()

    assert not left.exists()


def test_what_is_another_replica_s_upload_is_kept(desk: UploadDesk, tmp_path: Path) -> None:
    with OwnedFolder.new(tmp_path / "scratch", UPLOAD) as under_way:
        (under_way / "part0").write_bytes(b"half an upload")

        desk.clear()

        assert (under_way / "part0").read_bytes() == b"half an upload"


def test_a_folder_that_was_never_used_needs_no_clearing(desk: UploadDesk, tmp_path: Path) -> None:
    desk.clear()

    assert not (tmp_path / "scratch").exists()

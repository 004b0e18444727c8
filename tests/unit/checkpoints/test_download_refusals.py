"""A pull that must not go on: changed, damaged or absent content, no hub, no room."""

import socket
import time
from pathlib import Path

import pytest

from mmgt_core.checkpoints import download
from mmgt_core.checkpoints.download import pull_weights
from mmgt_core.checkpoints.lock import LOCK_NAME, verify_weights
from mmgt_core.errors import DownloadError
from tests.unit.checkpoints.model_hub import ModelHub
from tests.unit.checkpoints.small_repositories import (
    CONFIG,
    FILES,
    MODEL,
    SHORT_FILES,
    WEIGHTS,
    git_sha1,
    locked,
    pull,
    sha256,
)


@pytest.mark.parametrize(
    "sent", [WEIGHTS[:-1] + b"?", WEIGHTS + b"more", WEIGHTS[:-1]], ids=["other", "longer", "shorter"]
)
def test_corrupted_content_is_refused_and_named(hub: ModelHub, tmp_path: Path, sent: bytes):
    hub.served_instead["model.bin"] = sent

    with pytest.raises(DownloadError) as refused:
        pull(hub, tmp_path)

    for fact in ("owner/one/model.bin", sha256(sent), sha256(WEIGHTS)):
        assert fact in str(refused.value)
    assert not list((tmp_path / MODEL).parent.glob("model*"))
    assert "model.bin" not in locked(tmp_path)


def test_a_corrupted_small_file_is_refused_by_its_git_hash(hub: ModelHub, tmp_path: Path):
    hub.served_instead["config.json"] = b'{"width": 2}\n'

    with pytest.raises(DownloadError, match=f"owner/one/config.json.*{git_sha1(CONFIG)}"):
        pull(hub, tmp_path)


def test_a_file_that_was_changed_on_the_hub_is_refused(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    hub.repositories["owner/one"].files["model.bin"] = WEIGHTS[::-1]

    with pytest.raises(DownloadError) as refused:
        pull(hub, tmp_path)

    for fact in ("owner/one/model.bin was changed on the hub", sha256(WEIGHTS), sha256(WEIGHTS[::-1])):
        assert fact in str(refused.value)
    assert (tmp_path / MODEL).read_bytes() == WEIGHTS


def test_a_new_commit_with_the_same_files_is_no_change(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    (tmp_path / MODEL).unlink()
    hub.repositories["owner/one"].commit = "3" * 40

    pulled = pull(hub, tmp_path)

    assert pulled.downloaded == ("model",)
    assert pulled.files["model"].commit == "1" * 40


def test_a_file_that_was_changed_on_this_disk_is_refused(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    (tmp_path / MODEL).write_bytes(WEIGHTS[::-1])

    with pytest.raises(DownloadError) as refused:
        pull(hub, tmp_path)

    for fact in ("owner/one/model.bin was changed on this disk", sha256(WEIGHTS), sha256(WEIGHTS[::-1])):
        assert fact in str(refused.value)


def test_right_files_without_a_record_are_recorded_and_not_fetched(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    lock = locked(tmp_path)
    (tmp_path / LOCK_NAME).unlink()
    hub.transfers.clear()

    pull(hub, tmp_path)

    assert hub.transfers == []
    assert {path: record["sha256"] for path, record in locked(tmp_path).items()} == {
        path: record["sha256"] for path, record in lock.items()
    }


def test_a_wrong_file_without_a_record_is_refused(hub: ModelHub, tmp_path: Path):
    (tmp_path / MODEL).parent.mkdir(parents=True)
    (tmp_path / MODEL).write_bytes(WEIGHTS[::-1])

    with pytest.raises(DownloadError, match=r"owner/one/model\.bin is not the published file"):
        pull(hub, tmp_path)

    assert (tmp_path / MODEL).read_bytes() == WEIGHTS[::-1]


def test_a_hub_that_cannot_be_reached_is_said_at_once_with_what_is_present(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    lock = (tmp_path / LOCK_NAME).read_bytes()
    started = time.monotonic()

    with pytest.raises(DownloadError) as offline:
        pull_weights(tmp_path, FILES, endpoint=_closed_address())

    # The client's own retries would take 15 s and more.
    assert time.monotonic() - started < 3
    assert "cannot reach the model hub at http://127.0.0.1" in str(offline.value)
    assert "nothing was changed; already present: owner/one/config.json, owner/one/model.bin" in str(offline.value)
    assert (tmp_path / LOCK_NAME).read_bytes() == lock


def test_a_hub_that_cannot_be_reached_leaves_no_folder(hub: ModelHub, tmp_path: Path):
    with pytest.raises(DownloadError, match="already present: nothing"):
        pull_weights(tmp_path / "weights", FILES, endpoint=_closed_address())

    assert not (tmp_path / "weights").exists()


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(download, "_ASK_TIMEOUT_S", 0.1)

    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(DownloadError, match="cannot reach the model hub"),
    ):
        pull_weights(tmp_path, FILES, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_repository_is_named_with_its_paths(hub: ModelHub, tmp_path: Path, status: int):
    hub.refusals["/api/models/owner/one"] = status

    with pytest.raises(
        DownloadError, match=rf"owner/one \(config.json, model.safetensors\): the model hub answered {status}"
    ):
        pull(hub, tmp_path)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_file_is_named(hub: ModelHub, tmp_path: Path, status: int):
    hub.refusals["resolve/1111111111111111111111111111111111111111/model.bin"] = status

    with pytest.raises(DownloadError, match=f"owner/one/model.bin: the model hub answered {status}"):
        pull(hub, tmp_path)


def test_a_file_that_is_not_published_is_named_in_all_its_forms(hub: ModelHub, tmp_path: Path):
    del hub.repositories["owner/one"].files["model.bin"]

    with pytest.raises(DownloadError, match=r"owner/one has no model.safetensors or model.bin"):
        pull(hub, tmp_path)

    assert hub.transfers == []


def test_something_that_is_no_hub_is_called_so(hub: ModelHub, tmp_path: Path):
    hub.refusals["/api/"] = 200

    with pytest.raises(DownloadError, match="does not answer like a model hub"):
        pull(hub, tmp_path)


def test_a_disk_that_is_too_small_is_noticed_before_the_first_byte(hub: ModelHub, tmp_path: Path):
    hub.repositories["owner/one"].stated_bytes["model.bin"] = 10**18

    with pytest.raises(DownloadError, match=r"needs 1000000000\.00 GB, \d+\.\d\d GB are free"):
        pull(hub, tmp_path)

    assert hub.transfers == []


def test_a_file_that_cannot_be_written_is_named(hub: ModelHub, tmp_path: Path):
    (tmp_path / "published").write_text("a file where a folder is needed")

    with pytest.raises(DownloadError, match=r"owner/one/config\.json stopped after 0 of 13 bytes"):
        pull(hub, tmp_path)


def test_a_damaged_lock_is_refused(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    (tmp_path / LOCK_NAME).write_text("{}")

    with pytest.raises(DownloadError, match=f"{LOCK_NAME} is damaged"):
        pull(hub, tmp_path)


def test_verification_names_every_missing_file(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    (tmp_path / MODEL).unlink()

    with pytest.raises(
        DownloadError, match=r"2 of 3 files are not in .*: owner/one/model.safetensors, owner/two/folder"
    ):
        verify_weights(tmp_path, FILES)


def test_verification_refuses_a_changed_file(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    (tmp_path / MODEL).write_bytes(b"")

    with pytest.raises(DownloadError, match=f"owner/one/model.bin was changed on this disk.*{sha256(WEIGHTS)}"):
        verify_weights(tmp_path, SHORT_FILES)


def _closed_address() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"

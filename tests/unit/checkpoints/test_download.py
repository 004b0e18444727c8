"""A pull that goes well, at once or after a stop."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmgt_core.checkpoints.download import RepositoryLicence, pull_weights
from mmgt_core.checkpoints.lock import LOCK_NAME, verify_weights
from mmgt_core.checkpoints.manifest import MMGT_512_FILES
from mmgt_core.errors import Cancelled, DownloadError
from tests.unit.checkpoints.model_hub import ModelHub, Repository
from tests.unit.checkpoints.small_repositories import (
    BLOCK,
    CONFIG,
    FILES,
    LONG,
    MODEL,
    SHORT_FILES,
    WEIGHTS,
    git_sha1,
    locked,
    pull,
    sha256,
)


def stop_after_one_block(name: str, done_bytes: int, total_bytes: int) -> None:
    if done_bytes > BLOCK:
        raise Cancelled("enough")


def test_a_first_pull_lays_every_file_in_its_place(hub: ModelHub, tmp_path: Path):
    pulled = pull(hub, tmp_path, FILES)

    assert (tmp_path / "published/owner--one/config.json").read_bytes() == CONFIG
    assert (tmp_path / MODEL).read_bytes() == WEIGHTS
    assert (tmp_path / "published/owner--two/folder/long.pth").read_bytes() == LONG
    assert pulled.path("model") == tmp_path / MODEL
    assert pulled.downloaded == ("config", "model", "long")
    assert not list(tmp_path.rglob("*.incomplete"))


def test_the_lock_records_where_each_file_came_from_and_what_it_is(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)

    records = locked(tmp_path)
    assert records["model.bin"].pop("pulled_at").endswith("+00:00")
    assert records["model.bin"] == {
        "repository": "owner/one",
        "commit": "1" * 40,
        "path": "model.bin",
        "size_bytes": 5000,
        "sha256": sha256(WEIGHTS),
        "hub_hash": f"sha256:{sha256(WEIGHTS)}",
        "licence": "openrail",
    }
    assert records["config.json"]["hub_hash"] == f"git-sha1:{git_sha1(CONFIG)}"
    assert records["config.json"]["sha256"] == sha256(CONFIG)


def test_a_second_pull_downloads_nothing_and_changes_nothing(hub: ModelHub, tmp_path: Path):
    first = pull(hub, tmp_path)
    lock = (tmp_path / LOCK_NAME).read_bytes()
    hub.transfers.clear()

    second = pull(hub, tmp_path, confirm_licences=lambda licences: pytest.fail("nothing is to be confirmed"))

    assert hub.transfers == []
    assert second.downloaded == ()
    assert second.files == first.files
    assert (tmp_path / LOCK_NAME).read_bytes() == lock


def test_every_file_of_the_preset_is_asked_for_and_found(hub: ModelHub, tmp_path: Path):
    hub.repositories = {
        repository: Repository(
            {file.path: file.path.encode() for file in MMGT_512_FILES if file.repository == repository}
        )
        for repository in {file.repository for file in MMGT_512_FILES}
    }

    pulled = pull_weights(tmp_path, endpoint=hub.endpoint)

    assert sorted(hub.transferred()) == sorted(file.path for file in MMGT_512_FILES)
    assert set(pulled.files) == {file.local_name for file in MMGT_512_FILES}


def test_the_preset_pulls_no_file_that_only_training_needs():
    method = [file.path for file in MMGT_512_FILES if file.repository == "addtime/MMGT_pretrained"]

    assert method == ["stage_1/audio2pose_best_model.pt", "stage_2/process_2/net-32500.pth"]


def test_the_preferred_form_of_a_file_is_taken_where_it_exists(hub: ModelHub, tmp_path: Path):
    hub.repositories["owner/one"].files["model.safetensors"] = WEIGHTS

    pulled = pull(hub, tmp_path)

    assert pulled.path("model").name == "model.safetensors"


def test_the_form_that_was_pulled_first_stays(hub: ModelHub, tmp_path: Path):
    pull(hub, tmp_path)
    hub.repositories["owner/one"].files["model.safetensors"] = WEIGHTS

    pulled = pull(hub, tmp_path)

    assert pulled.path("model").name == "model.bin"
    assert pulled.downloaded == ()


def test_licences_are_shown_before_the_first_byte(hub: ModelHub, tmp_path: Path):
    shown: list[RepositoryLicence] = []
    transferred_before: list[str] = []

    def confirm(licences: tuple[RepositoryLicence, ...]) -> bool:
        shown.extend(licences)
        transferred_before.extend(hub.transferred())
        return True

    pull(hub, tmp_path, FILES, confirm_licences=confirm)

    assert shown == [
        RepositoryLicence("owner/one", "openrail", len(CONFIG) + len(WEIGHTS)),
        RepositoryLicence("owner/two", "none stated", len(LONG)),
    ]
    assert transferred_before == []


def test_refused_licences_download_nothing(hub: ModelHub, tmp_path: Path):
    with pytest.raises(DownloadError, match="licences were not accepted"):
        pull(hub, tmp_path, confirm_licences=lambda licences: False)

    assert hub.transfers == []


def test_progress_ends_with_the_whole_file(hub: ModelHub, tmp_path: Path):
    seen: list[tuple[str, int, int]] = []

    pull(hub, tmp_path, FILES, on_progress=lambda *progress: seen.append(progress))

    long = [progress for progress in seen if progress[0] == "owner/two/folder/long.pth"]
    assert [done for _, done, _ in long] == [BLOCK, 2 * BLOCK, len(LONG)]
    assert {total for _, _, total in long} == {len(LONG)}


def test_a_stopped_pull_continues_where_it_stopped(hub: ModelHub, tmp_path: Path):
    with pytest.raises(Cancelled):
        pull(hub, tmp_path, FILES[2:], on_progress=stop_after_one_block)
    seen: list[int] = []

    pulled = pull(hub, tmp_path, FILES[2:], on_progress=lambda name, done, total: seen.append(done))

    assert hub.transfers == [("folder/long.pth", None), ("folder/long.pth", f"bytes={BLOCK}-")]
    assert seen == [2 * BLOCK, len(LONG)]
    assert pulled.path("long").read_bytes() == LONG


def test_a_broken_connection_is_resumed_within_the_same_pull(hub: ModelHub, tmp_path: Path):
    hub.drop_connection_after["folder/long.pth"] = 15 * 2**20

    pulled = pull(hub, tmp_path, FILES[2:])

    assert [wanted for _, wanted in hub.transfers] == [None, f"bytes={BLOCK}-"]
    assert pulled.path("long").read_bytes() == LONG


def test_what_was_received_of_an_older_version_is_not_continued(hub: ModelHub, tmp_path: Path):
    place = tmp_path / "published/owner--two/folder"
    place.mkdir(parents=True)
    (place / "long.pth.0123456789abcdef.incomplete").write_bytes(b"another version")

    pulled = pull(hub, tmp_path, FILES[2:])

    assert hub.transfers == [("folder/long.pth", None)]
    assert pulled.path("long").read_bytes() == LONG
    assert [file.name for file in place.iterdir()] == ["long.pth"]


def test_two_pulls_at_once_fetch_each_file_once(hub: ModelHub, tmp_path: Path):
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(pull, hub, tmp_path) for _ in range(2)]

    assert sorted(pulled.result().downloaded for pulled in both) == [(), ("config", "model")]
    assert sorted(hub.transferred()) == ["config.json", "model.bin"]


def test_files_that_were_finished_before_a_failure_stay_recorded(hub: ModelHub, tmp_path: Path):
    hub.refusals["/storage/"] = 403
    with pytest.raises(DownloadError):
        pull(hub, tmp_path)
    hub.refusals.clear()
    hub.transfers.clear()

    pull(hub, tmp_path)

    assert hub.transferred() == ["model.bin"]


def test_verification_needs_no_hub(hub: ModelHub, tmp_path: Path):
    pulled = pull(hub, tmp_path)
    hub.refusals["/"] = 500

    assert verify_weights(tmp_path, SHORT_FILES).files == pulled.files

import hashlib
import json
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import constants

from mmgt_core.checkpoints import download
from mmgt_core.checkpoints.download import RepositoryLicence, pull_weights
from mmgt_core.checkpoints.lock import LOCK_NAME, PulledWeights, verify_weights
from mmgt_core.checkpoints.manifest import MMGT_512_FILES, PublishedFile
from mmgt_core.errors import Cancelled, DownloadError
from tests.unit.checkpoints.model_hub import ModelHub, Repository, serving

CONFIG = b'{"width": 1}\n'
WEIGHTS = random.Random(1).randbytes(5000)
# The hub's client hands over blocks of 10 MiB: a stop in the middle needs a file that is longer than two.
LONG = random.Random(2).randbytes(21 * 2**20)
BLOCK = 10 * 2**20

FILES = (
    PublishedFile("owner/one", "config.json", "config", "a small file", 13),
    PublishedFile("owner/one", "model.safetensors", "model", "a large file", 5000, ("model.bin",)),
    PublishedFile("owner/two", "folder/long.pth", "long", "a very large file", len(LONG)),
)
SHORT_FILES = FILES[:2]
MODEL = Path("published/owner--one/model.bin")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # a test machine may have switched its client off
    repositories = {
        "owner/one": Repository({"config.json": CONFIG, "model.bin": WEIGHTS}, licence="openrail", commit="1" * 40),
        "owner/two": Repository({"folder/long.pth": LONG}, licence=None, commit="2" * 40),
    }
    with serving(ModelHub(repositories)) as hub:
        yield hub


def pull(hub: ModelHub, folder: Path, files: tuple[PublishedFile, ...] = SHORT_FILES, **options) -> PulledWeights:
    return pull_weights(folder, files, endpoint=hub.endpoint, **options)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def locked(folder: Path) -> dict[str, dict]:
    records = json.loads((folder / LOCK_NAME).read_text())["files"]
    return {record["path"]: record for record in records}


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


def test_verification_needs_no_hub(hub: ModelHub, tmp_path: Path):
    pulled = pull(hub, tmp_path)
    hub.refusals["/"] = 500

    assert verify_weights(tmp_path, SHORT_FILES).files == pulled.files


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

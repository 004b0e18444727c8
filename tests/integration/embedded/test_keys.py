"""`mmgt keys` on a data folder: before its first service, beside a running one, and what the first key changes."""

from pathlib import Path

import pytest

from deploy.embedded.valkey import EmbeddedValkey
from deploy.keys import STORE_URL_FILE, run
from jobs.job import JobOptions, JobRequest, new_job_id
from jobs.settings import StoreSettings
from jobs.store import JobStore


@pytest.fixture(autouse=True)
def no_store_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MMGT_STORE__URL", "MMGT_API_KEYS"):
        monkeypatch.delenv(name, raising=False)


def status(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        run(["keys", *map(str, words)])
    return int(end.value.code or 0)


def add_video(valkey: EmbeddedValkey, tenant: str) -> None:
    job_id = new_job_id()
    request = JobRequest(
        id=job_id, tenant=tenant, model="mmgt-demo", queue_class="mmgt-demo", options=JobOptions(seed=7), inputs={},
        size="128x128", fps=25, fingerprint=job_id, request_id="req_1",
    )  # fmt: skip
    store = JobStore(StoreSettings.model_validate({"url": valkey.url}))
    store.create(request)
    store.close()


def test_a_key_is_made_before_the_first_service_and_a_service_finds_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"

    made = status("create", "--tenant", "acme", "--data", data)
    key = capsys.readouterr().out.strip()
    with EmbeddedValkey(data / "valkey") as valkey:
        (data / STORE_URL_FILE).write_text(valkey.url)
        listed = status("list", "--data", data)

    assert (made, listed) == (0, 0)
    assert key.startswith("mmgt_")
    assert "acme  user" in capsys.readouterr().out
    assert data.stat().st_mode & 0o777 == 0o700


def test_the_first_key_of_another_tenant_tells_of_the_keyless_videos_and_the_way_to_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EmbeddedValkey(tmp_path / "valkey") as valkey:
        add_video(valkey, "default")

    assert status("create", "--tenant", "acme", "--data", tmp_path) == 0
    first = capsys.readouterr().err
    assert status("create", "--tenant", "acme", "--data", tmp_path) == 0
    second = capsys.readouterr().err

    assert "they belong to tenant default" in first
    assert "mmgt keys create --tenant default makes one that does" in first
    assert second == ""


def test_a_key_without_a_tenant_is_for_the_keyless_videos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedValkey(tmp_path / "valkey") as valkey:
        add_video(valkey, "default")

    assert status("create", "--data", tmp_path) == 0
    told = capsys.readouterr().err
    assert status("list", "--data", tmp_path) == 0

    assert "from now on every request needs one" in told
    assert "default  user" in capsys.readouterr().out
    assert "belong" not in told

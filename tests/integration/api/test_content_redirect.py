"""Laws of presigned downloads, on a real S3-compatible server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jobs.settings import Settings, StorageSettings, StoreSettings
from tests.integration.api.scripted_worker import VIDEO, ScriptedWorker
from tests.integration.api.served import settings_for
from tests.integration.s3_servers import rclone_s3


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageSettings]:
    with rclone_s3(tmp_path_factory.mktemp("s3")) as settings:
        yield settings


@pytest.fixture
def settings(store_settings: StoreSettings, s3: StorageSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path, storage=s3)


def test_redirect_leads_to_a_signed_url_that_needs_no_key(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one()

    answer = alice.get(f"/v1/videos/{job.id}/content?redirect=1")
    content = httpx.get(answer.headers["location"])

    assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
    assert (content.status_code, content.content) == (200, VIDEO)


def test_without_redirect_the_api_streams_ranges_from_the_store(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.complete_one()

    answer = alice.get(f"/v1/videos/{job.id}/content", headers={"Range": "bytes=100-199"})

    assert (answer.status_code, answer.content) == (206, VIDEO[100:200])


def test_redirect_before_completion_is_404_all_the_same(alice: httpx.Client, worker: ScriptedWorker) -> None:
    job = worker.submit()

    assert alice.get(f"/v1/videos/{job.id}/content?redirect=1").status_code == 404

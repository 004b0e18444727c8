"""The stock OpenAI SDK against a real server process: create, poll, list, download, delete, and its errors."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import openai
import pytest
from openai.types import Video

from jobs.settings import Settings, StoreSettings
from tests.integration.api.scripted_worker import VIDEO, ScriptedWorker
from tests.integration.api.served import KEYS, settings_for
from tests.integration.valkey import ValkeyServer, free_port

PNG = b"\x89PNG\r\n\x1a\n" + b"portrait" * 100
WAV = b"RIFF\x00\x00\x00\x00WAVE" + bytes(2000)
STARTS_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def store_settings(valkey: ValkeyServer) -> StoreSettings:
    return StoreSettings.model_validate({"url": valkey.url, "key_prefix": "sdk:"})


@pytest.fixture(scope="module")
def settings(store_settings: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_for(store_settings, tmp_path_factory.mktemp("sdk"))


@pytest.fixture(scope="module")
def server_url(settings: Settings) -> Iterator[str]:
    port = free_port()
    keys = ",".join(f"{key.tenant}:{key.scope}:{key.sha256}" for key in settings.api_keys)
    environment = os.environ | {
        "MMGT_STORE__URL": settings.store.url.get_secret_value(),
        "MMGT_STORE__KEY_PREFIX": settings.store.key_prefix,
        "MMGT_DATA": str(settings.data),
        "MMGT_API_KEYS": keys,
        "MMGT_PORT": str(port),
    }
    command = [sys.executable, "-m", "api"]
    with (settings.data / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_listens(port)
        yield url
    finally:
        process.terminate()
        assert process.wait(STARTS_WITHIN_S) in (0, -15)


def wait_until_it_listens(port: int) -> None:
    ends_at_s = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < ends_at_s
            time.sleep(0.05)


@pytest.fixture
def client(server_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server_url}/v1", api_key=KEYS["alice"], max_retries=0) as sdk:
        yield sdk


def create(client: openai.OpenAI, **fields: str) -> Video:
    files = [("input_reference", ("me.png", PNG, "image/png")), ("audio", ("me.wav", WAV, "audio/wav"))]
    headers = {"Content-Type": "multipart/form-data"}
    return client.post("/videos", cast_to=Video, body=fields, files=files, options={"headers": headers})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdk_creates_polls_lists_downloads_and_deletes(client: openai.OpenAI, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    created = create(client, prompt="hello")
    listed_live = [video.id for video in client.videos.list(limit=1)]
    rendering = threading.Thread(target=lambda: worker.finish(worker.claim()))
    rendering.start()
    polled = client.videos.poll(created.id)
    rendering.join()
    content = client.videos.download_content(created.id).read()
    thumbnail = client.videos.download_content(created.id, variant="thumbnail").read()
    deleted = client.videos.delete(created.id)

    assert (created.status, created.prompt, created.object) == ("queued", "hello", "video")
    assert listed_live == [created.id]
    assert (polled.status, polled.progress, polled.seconds) == ("completed", 100, "3.2")
    assert content == VIDEO
    assert thumbnail.startswith(b"\xff\xd8\xff")
    assert (deleted.id, deleted.deleted, deleted.object) == (created.id, True, "video.deleted")
    with pytest.raises(openai.NotFoundError) as gone:
        client.videos.retrieve(created.id)
    assert gone.value.code == "video_not_found"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_sdk_pages_remixes_and_reads_our_errors(client: openai.OpenAI, worker: ScriptedWorker) -> None:
    worker.heartbeat()
    ids = [worker.submit().id for _ in range(5)]

    paged = [video.id for video in client.videos.list(limit=2, order="asc")]
    remixed = client.videos.remix(ids[0], prompt="again")
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        create(client, seed="-1")
    with pytest.raises(openai.NotFoundError) as early:
        client.videos.download_content(ids[0])
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").videos.retrieve(ids[0])

    every = [video.id for video in client.videos.list()]
    deleted = [client.videos.delete(video_id).deleted for video_id in every]

    assert paged == ids
    assert deleted == [True] * 6
    assert (remixed.remixed_from_video_id, remixed.prompt) == (ids[0], "again")
    assert wrong.value.param == "seed"
    assert early.value.code == "content_not_ready"

"""Laws of the stock OpenAI SDK and of large uploads: what it reads of an error, and a loop that is never held up."""

import asyncio
import time
from pathlib import Path

import openai
import pytest
from fastapi import FastAPI

from api.app import create_app
from jobs.settings import Settings
from tests.integration.api.creating import FILES, create
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp

LARGE_BYTES = 80_000_000
PROBE_S = 0.005
MAX_HELD_S = 0.1


@pytest.fixture(autouse=True)
def _loaded(worker: ScriptedWorker) -> None:
    worker.heartbeat()


def test_the_sdk_creates_with_its_own_post_and_reads_our_errors(served: ServedApp) -> None:
    client = openai.OpenAI(api_key=KEYS["alice"], base_url=f"{served.url}/v1", max_retries=0)
    files = list(FILES.items())
    headers = {"Content-Type": "multipart/form-data"}

    options = {"headers": headers}
    video = client.post("/videos", cast_to=dict, files=files, body={"seed": 7}, options=options)  # type: ignore[arg-type]
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.post("/videos", cast_to=dict, files=files, body={"colour": "red"}, options=options)  # type: ignore[arg-type]
    client.close()

    assert (video["status"], video["seed"]) == ("queued", 7)  # type: ignore[index]
    assert (caught.value.code, caught.value.param) == ("unknown_field", "colour")


def waited_for_a_core_s() -> float:
    """Seconds that this thread was ready to run while others had the cores: no fault of the loop."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def test_a_large_upload_never_holds_up_the_event_loop(settings: Settings, tmp_path: Path) -> None:
    held_s: list[float] = []

    async def probe() -> None:
        while True:
            asleep_at_s, waited_s = time.perf_counter(), waited_for_a_core_s()
            await asyncio.sleep(PROBE_S)
            held_s.append(time.perf_counter() - asleep_at_s - PROBE_S - (waited_for_a_core_s() - waited_s))

    app: FastAPI = create_app(settings)

    @app.post("/probe")
    async def start_probe() -> None:
        app.state.probe = asyncio.create_task(probe())

    large = tmp_path / "large.wav"
    large.write_bytes(b"RIFF\0\0\0\0WAVE" + bytes(LARGE_BYTES))  # before the probe: it holds every thread up
    served = ServedApp(settings, app)
    served.start()
    client = served.client()
    create(client)  # connections and caches are made once
    client.post("/probe")
    with large.open("rb") as audio:
        answer = client.post("/v1/videos", files={**FILES, "audio": ("a.wav", audio)})
    served.stop()

    assert answer.status_code == 202
    assert len(held_s) > 20  # the probe ran beside the upload
    assert max(held_s) < MAX_HELD_S

"""Load on a running service: `python -m tests.load.service_load`. Not a test: it measures, and prints JSON.

Starts `mmgt serve` on a temporary folder, keeps one job running, then
1. reads one video 200 times a second for 30 s and reports the time of an answer (target: p99 under 50 ms);
2. creates videos with the largest recording that is taken and meanwhile asks `/livez` without pause: how long the event
   loop was held (target: under 100 ms);
3. runs short jobs one by one and reports what the service adds to the pipeline's own seconds (target: under 1 s).
"""

import asyncio
import json
import sys
import tempfile
import time
import wave
from pathlib import Path

import httpx
import numpy as np

from deploy.serve import temporary_service

ROOT = Path(__file__).parents[2]
PORTRAIT, SPEECH = ROOT / "samples" / "presenters" / "man.png", ROOT / "samples" / "speech.wav"
READS_PER_S, READ_S, NUM_CONNECTIONS, NUM_LARGE, NUM_SHORT = 200, 30.0, 20, 5, 3


def speech(folder: Path, seconds: float, rate_hz: int = 16_000) -> Path:
    """Some seconds of the sample speech, repeated as needed, at a rate that makes the file as large as wanted."""
    with wave.open(str(SPEECH)) as source:
        samples = np.frombuffer(source.readframes(source.getnframes()), np.int16)
    path = folder / f"speech_{seconds}_{rate_hz}.wav"
    with wave.open(str(path), "wb") as target:
        target.setparams((1, 2, rate_hz, 0, "NONE", ""))
        target.writeframes(np.resize(samples[8000:], round(seconds * rate_hz)).tobytes())
    return path


async def create(client: httpx.AsyncClient, audio: Path, steps: int) -> dict:
    with PORTRAIT.open("rb") as image, audio.open("rb") as sound:
        files = {"image": ("i.png", image), "audio": ("a.wav", sound)}
        response = await client.post("/v1/videos", files=files, data={"num_inference_steps": str(steps)}, timeout=120)
    response.raise_for_status()
    return response.json()


async def read_steadily(url: httpx.URL, video_id: str) -> list[float]:
    """Milliseconds of each answer, from when it was due: a late start counts.

    On plain connections: a full HTTP client costs as much per request as the service does, on the same cores.
    """
    request = f"GET /v1/videos/{video_id} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n\r\n".encode()
    started_s = time.monotonic() + 0.5

    async def one_connection(first: int) -> list[float]:
        reader, writer = await asyncio.open_connection(url.host, url.port)
        took_ms = []
        for index in range(first, round(READS_PER_S * READ_S), NUM_CONNECTIONS):
            due_s = started_s + index / READS_PER_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(f"a read was answered {head[:60]!r}")
            await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
            took_ms.append((time.monotonic() - due_s) * 1000)
        writer.close()
        return took_ms

    per_connection = await asyncio.gather(*(one_connection(first) for first in range(NUM_CONNECTIONS)))
    return [value for values in per_connection for value in values]


async def loop_held(client: httpx.AsyncClient, audio: Path) -> list[float]:
    """Milliseconds of `/livez` while large creates are under way."""
    took_ms: list[float] = []
    is_done = asyncio.Event()

    async def probe() -> None:
        while not is_done.is_set():
            started_s = time.monotonic()
            (await client.get("/livez")).raise_for_status()
            took_ms.append((time.monotonic() - started_s) * 1000)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(probe())
    for _ in range(NUM_LARGE):
        video = await create(client, audio, steps=1)
        await client.post(f"/v1/videos/{video['id']}/cancel")
    is_done.set()
    await task
    return took_ms


async def overhead_s(client: httpx.AsyncClient, audio: Path) -> list[float]:
    """Seconds that the service adds to the pipeline's own, per job, with nothing else in the queue.

    By the client's clock, from sending the upload to the answer that says completed: the record has whole seconds.
    """
    added = []
    for _ in range(NUM_SHORT):
        started_s = time.monotonic()
        video = await create(client, audio, steps=1)
        while video["status"] in ("queued", "in_progress"):
            response = await client.get(f"/v1/videos/{video['id']}", headers={"Prefer": "wait=30"}, timeout=60)
            video = response.json()
        took_s = time.monotonic() - started_s
        content = await client.get(f"/v1/videos/{video['id']}/content", params={"variant": "manifest"})
        pipeline_s = content.json()["pipeline_seconds"]
        added.append(took_s - pipeline_s)
    return added


def quantiles(values: list[float]) -> dict[str, float]:
    points = np.quantile(values, [0.5, 0.99, 1.0])
    return {"count": len(values)} | dict(zip(("p50", "p99", "max"), np.round(points, 2).tolist(), strict=True))


async def measure(url: str, folder: Path) -> dict:
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False) as client:
        short = speech(folder, 1.0)
        added = await overhead_s(client, short)
        running = await create(client, speech(folder, 30.0), steps=20)
        reads = await read_steadily(client.base_url, running["id"])
        state = (await client.get(f"/v1/videos/{running['id']}")).json()["status"]
        held = await loop_held(client, speech(folder, 490.0, rate_hz=96_000))
        await client.post(f"/v1/videos/{running['id']}/cancel")
    return {
        "read_ms": quantiles(reads),
        "job_after_the_reads": state,
        "livez_ms_during_large_creates": quantiles(held),
        "service_overhead_s": [round(value, 2) for value in added],
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with temporary_service(folder / "data") as url:
            json.dump(asyncio.run(measure(url, folder)), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()

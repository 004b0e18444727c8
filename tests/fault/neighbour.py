"""The API as a process of its own, a neighbour who asks it steadily, and the crowds of another tenant beside it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import psutil

from jobs.settings import Settings
from tests.integration.api.served import KEYS, settings_for
from tests.integration.valkey import free_port, port_answers

START_S, ASKS_PER_S, NUM_CONNECTIONS, LATEST_S = 60.0, 50, 4, 20.0
HOST = "127.0.0.1"
BAR_MS, TRIES = 100.0, 3
IDLE_S, LOOK_S = 0.03, 0.3  # less of the processor's time between two looks is idle


class Api:
    """`python -m api` over a store and a folder."""

    def __init__(self, settings: Settings, **variables: str) -> None:
        self.settings, self.port = settings, free_port()
        keys = ",".join(f"{key.tenant}:{key.scope}:{key.sha256}" for key in settings.api_keys)
        environment = {
            **os.environ, "MMGT_PORT": str(self.port), "MMGT_API_KEYS": keys, "MMGT_DATA": str(settings.data),
            "MMGT_STORE__URL": settings.store.url.get_secret_value(),
            "MMGT_STORE__KEY_PREFIX": settings.store.key_prefix, **variables,
        }  # fmt: skip
        self.log = settings.data / "api.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "api"], env=environment, stdout=log, stderr=log)
        ends_at_s = time.monotonic() + START_S
        while not port_answers(self.port):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < ends_at_s
            time.sleep(0.05)

    def memory_bytes(self) -> int:
        """What it holds now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024

    async def settle(self) -> None:
        """Wait until it has hardly anything to do: a crowd that was sent has come, and waits."""
        process = psutil.Process(self.process.pid)
        ends_at_s, used_s = time.monotonic() + LATEST_S, -1.0
        while (now_s := sum(process.cpu_times()[:2])) - used_s > IDLE_S and time.monotonic() < ends_at_s:
            used_s = now_s
            await asyncio.sleep(LOOK_S)

    async def ask(self, path: str, *headers: str, tenant: str = "alice") -> "Answering":
        """Send a GET on a connection of its own."""
        answering = await Answering.connect(self.port)
        answering.send(path, *headers, tenant=tenant)
        return answering

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(START_S)


@contextmanager
def api_over(store_settings: object, data: Path, **variables: str) -> Iterator[Api]:
    """An API for as long as the block runs."""
    data.mkdir(parents=True, exist_ok=True)
    api = Api(settings_for(store_settings, data), **variables)  # type: ignore[arg-type]
    try:
        yield api
    finally:
        api.close()


class Answering:
    """A plain connection: a full HTTP client costs as much per request as the service does, on the same cores."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "Answering":
        """Connect and say nothing."""
        return cls(*await asyncio.open_connection(HOST, port))

    def send(self, path: str, *headers: str, tenant: str) -> None:
        """Send a GET."""
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEYS[tenant]}", *headers, "", ""]
        self.writer.write("\r\n".join(lines).encode())

    async def status(self) -> int:
        """Read an answer's head, and its body if it has a length; return its status."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
        if length:
            await self.reader.readexactly(int(length))
        return int(head.split()[1])


class Neighbour:
    """Another tenant who asks for one of its videos, so often a second."""

    def __init__(self, api: Api, path: str) -> None:
        self._api, self._path = api, path

    async def times_ms(self, seconds: float) -> list[float]:
        """How long each answer took, from when its question was due; an answer that is no 200 counts as never."""
        started_s = time.monotonic() + 0.05

        async def one_connection(first: int) -> list[float]:
            answering = await Answering.connect(self._api.port)
            took_ms = []
            for index in range(first, round(ASKS_PER_S * seconds), NUM_CONNECTIONS):
                due_s = started_s + index / ASKS_PER_S
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                answering.send(self._path, tenant="bob")
                async with asyncio.timeout(LATEST_S):
                    is_served = await answering.status() == 200
                took_ms.append((time.monotonic() - due_s) * 1000 if is_served else float("inf"))
            answering.writer.close()
            return took_ms

        return [took for each in await asyncio.gather(*map(one_connection, range(NUM_CONNECTIONS))) for took in each]

    async def beside_a_crowd_ms(self, seconds: float, quiet_ms: list[float]) -> list[float]:
        """The same beside a crowd; watched again if it was slow, because what else the machine does only adds."""
        for _ in range(TRIES):
            crowded_ms = await self.times_ms(seconds)
            if is_served_as_before(quiet_ms, crowded_ms):
                break
        return crowded_ms


@asynccontextmanager
async def many(num: int, opening: object) -> AsyncIterator[list[Answering]]:
    """So many connections, some at a time; closed with the block."""
    places = asyncio.Semaphore(50)

    async def one() -> Answering:
        async with places:
            return await opening()  # type: ignore[operator, no-any-return]

    crowd = await asyncio.gather(*(one() for _ in range(num)))
    try:
        yield crowd
    finally:
        for each in crowd:
            each.writer.close()


def quantiles(took_ms: list[float]) -> tuple[float, float]:
    """Median and 99 in 100."""
    return tuple(np.round(np.quantile(took_ms, [0.5, 0.99]), 1).tolist())  # type: ignore[return-value]


def is_served_as_before(quiet_ms: list[float], crowded_ms: list[float]) -> bool:
    """Whether 99 in 100 answers came within 100 ms, or within twice as long as without the crowd."""
    return quantiles(crowded_ms)[1] < max(BAR_MS, 2 * quantiles(quiet_ms)[1])


def shown(took_ms: list[float]) -> str:
    """Median and 99 in 100, as the table of figures has them."""
    return "{:.1f}/{:.1f} ms".format(*quantiles(took_ms))

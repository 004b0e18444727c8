"""The listener: by one connection a process hears of every change in the store, and wakes whoever waits for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Never, TypeVar

from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as Unanswered

from jobs.connections import open_async_client
from jobs.logging import logger
from jobs.settings import StoreSettings

log = logger(__name__)

T = TypeVar("T")

SILENCE_S = 10.0  # after this long without a word the connection is tried
COME_AGAIN_S = 0.5  # after a lost connection
# A crowd that waits for one thing is woken over some time, so that nobody else's request stands behind all of it.
WAKES_A_TURN, TURN_S = 2, 0.004


class Listener:
    """Waits of one process; names of what changed are those that the scripts publish (`changed` in `jobs/lua`)."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._due: dict[str, list[asyncio.Event]] = {}  # whom to wake, by name; names take turns
        self._has_due = asyncio.Event()
        self._tasks: tuple[asyncio.Task[Never], ...] = ()
        self._read: dict[str, dict[str, asyncio.Future[Any]]] = {}  # since the last change of each name
        self._is_hearing: bool | None = None
        self.has_ended = False

    async def wait(self, name: str, look: Callable[[], Awaitable[T | None]], timeout_s: float) -> T | None:
        """Look now and after every change of a name, until something is seen.

        Args:
            look: returns what is waited for, or nothing.

        Returns:
            What was seen; None after the time-out, and as soon as waits have ended.
        """
        ends_at_s = time.monotonic() + timeout_s
        with self._woken_by(name) as woken:
            while True:
                woken.clear()
                seen = await look()
                left_s = ends_at_s - time.monotonic()
                if seen or left_s <= 0 or self.has_ended:
                    return seen or None
                await _until(woken, left_s)

    async def once(self, name: str, what: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what is read of a name; where many wait for it, it is read once for all between two of its changes.

        Args:
            what: names what is read.
        """
        if name not in self._waiting or not self._is_hearing:
            return await read()
        shared = self._read.setdefault(name, {})
        if what not in shared:
            shared[what] = asyncio.ensure_future(read())
            shared[what].add_done_callback(lambda done: _forget_failure(done, shared, what))
        return await asyncio.shield(shared[what])

    def end(self) -> None:
        """End every wait at once, and let none begin."""
        self.has_ended = True
        for sleepers in self._waiting.values():
            for woken in sleepers:
                woken.set()

    async def close(self) -> None:
        """Hear no more."""
        self.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def _woken_by(self, name: str) -> Iterator[asyncio.Event]:
        if not self._tasks:
            self._tasks = (asyncio.create_task(self._listen()), asyncio.create_task(self._wake_in_turn()))
        woken = asyncio.Event()
        self._waiting.setdefault(name, set()).add(woken)
        try:
            yield woken
        finally:
            self._waiting[name].discard(woken)
            if not self._waiting[name]:
                del self._waiting[name]
                self._read.pop(name, None)

    async def _listen(self) -> Never:
        while True:
            try:
                await self._hear_changes()
            except (Unreachable, Unanswered) as error:
                if self._is_hearing is not False:  # told once, not at each try
                    log.warning("listener_lost_the_store", error=str(error))
                self._is_hearing = False
            await asyncio.sleep(COME_AGAIN_S)

    async def _hear_changes(self) -> Never:
        async with open_async_client(self._settings) as client, client.pubsub() as channel:
            await channel.subscribe(f"{self._settings.key_prefix}changes")
            while True:
                message = await self._message(channel)
                if message["type"] == "subscribe":
                    self._is_hearing = True
                    self._wake_all()  # what changed while nobody heard
                elif message["type"] == "message":
                    self._wake(message["data"])

    async def _message(self, channel: Any) -> dict[str, Any]:  # noqa: ANN401 - redis-py leaves it untyped
        message = await channel.get_message(timeout=SILENCE_S)
        if message is None:
            await channel.ping()
            message = await channel.get_message(timeout=self._settings.timeout_s)
        if message is None:
            raise Unanswered(f"no word within {self._settings.timeout_s:g} s")
        return dict(message)

    def _wake(self, name: str) -> None:
        self._read.pop(name, None)
        if name in self._waiting:
            self._due[name] = list(self._waiting[name])
            self._has_due.set()

    def _wake_all(self) -> None:
        for name in self._waiting:
            self._wake(name)

    async def _wake_in_turn(self) -> Never:
        while True:
            await self._has_due.wait()
            for _ in range(WAKES_A_TURN):
                if not self._due:
                    self._has_due.clear()
                    break
                name = next(iter(self._due))
                sleepers = self._due.pop(name)
                sleepers.pop().set()
                if sleepers:
                    self._due[name] = sleepers  # at the end of the line
            await asyncio.sleep(TURN_S)


def _forget_failure(done: asyncio.Future[Any], shared: dict[str, asyncio.Future[Any]], what: str) -> None:
    if done.cancelled() or done.exception() is not None:
        shared.pop(what, None)


async def _until(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return

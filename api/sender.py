"""Sends messages to the workers by Celery's protocol, knowing nothing of them but queue and task names."""

import asyncio
from collections.abc import Awaitable, Callable

import anyio
import anyio.to_thread
from celery import Celery  # type: ignore[import-untyped]
from kombu.exceptions import OperationalError

from jobs.errors import StoreUnavailable
from jobs.logging import logger
from jobs.queue import RETRY_POLICY, Sender
from jobs.settings import StoreSettings

log = logger(__name__)

BELL_THREADS = 2  # a broker that hangs holds at most these


class CelerySender:
    """A producer: calling it publishes one message and blocks while it does (at most about the store's time-out)."""

    def __init__(self, settings: StoreSettings) -> None:
        self._app = Celery("mmgt", broker=settings.celery_url, set_as_current=False)
        self._app.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            broker_transport_options={
                "visibility_timeout": settings.broker_visibility_timeout_s,
                "socket_timeout": settings.timeout_s,
                "socket_connect_timeout": settings.timeout_s,
            },
        )

    def __call__(self, task: str, queue: str, arguments: dict[str, str], expires_s: float | None) -> None:
        """Publish a task.

        Raises:
            kombu.exceptions.OperationalError: the broker did not take it, also after retries.
        """
        self._app.send_task(
            task, kwargs=arguments, queue=queue, expires=expires_s, ignore_result=True,
            retry_policy=RETRY_POLICY,
        )  # fmt: skip

    def close(self) -> None:
        """Close the broker's connections."""
        self._app.close()


class Bells:
    """Publishes off the event loop: awaited where the answer depends on it, else in the background."""

    def __init__(self, send: Sender, timeout_s: float = StoreSettings().timeout_s) -> None:
        self._send, self._timeout_s = send, timeout_s
        self._threads = anyio.CapacityLimiter(BELL_THREADS)
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, bell: Callable[[Sender], None]) -> None:
        """Publish and return when the broker has it.

        Raises:
            kombu.exceptions.OperationalError: it did not take it, or is silent; then a thread is left waiting for it.
        """
        try:
            with anyio.fail_after(self._timeout_s):
                await anyio.to_thread.run_sync(bell, self._send, abandon_on_cancel=True, limiter=self._threads)
        except TimeoutError as error:
            raise OperationalError(f"the broker did not answer within {self._timeout_s:g} s") from error

    def ring(self, bell: Callable[[Sender], None], rung: Callable[[], Awaitable[None]] | None = None) -> None:
        """Publish soon; a ring that is lost is made again by the sweeper.

        Args:
            rung: called when the broker has it.
        """
        task = asyncio.create_task(self._ring(bell, rung))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ring(self, bell: Callable[[Sender], None], rung: Callable[[], Awaitable[None]] | None) -> None:
        try:
            await self.ask(bell)
            if rung is not None:
                await rung()
        except (OperationalError, StoreUnavailable) as error:
            log.warning("doorbell_failed", error=str(error))

    async def close(self) -> None:
        """Give up the rings under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

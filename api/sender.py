"""Sends messages to the workers by Celery's protocol, knowing nothing of them but queue and task names."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio.to_thread
from celery import Celery  # type: ignore[import-untyped]
from kombu.exceptions import OperationalError

from jobs.logging import logger
from jobs.queue import Sender
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
            retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_max": 0.5},
        )  # fmt: skip

    def close(self) -> None:
        """Close the broker's connections."""
        self._app.close()


class Bells:
    """Rings off the event loop: awaited where the answer depends on it, else in the background."""

    def __init__(self, send: Sender) -> None:
        self._send = send
        self._threads = ThreadPoolExecutor(BELL_THREADS, "bell")

    async def ask(self, bell: Callable[[Sender], None]) -> None:
        """Publish and return when the broker has it.

        Raises:
            kombu.exceptions.OperationalError
        """
        await anyio.to_thread.run_sync(bell, self._send)

    def ring(self, bell: Callable[[Sender], None]) -> None:
        """Publish soon; a ring that is lost is made again by the sweeper."""
        self._threads.submit(self._ring, bell)

    def _ring(self, bell: Callable[[Sender], None]) -> None:
        try:
            bell(self._send)
        except OperationalError as error:
            log.warning("doorbell_failed", error=str(error))

    def close(self) -> None:
        """Wait for the rings under way."""
        self._threads.shutdown(wait=True, cancel_futures=True)

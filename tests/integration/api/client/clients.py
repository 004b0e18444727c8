"""Both clients with one face, so that each law is one test for both; and a worker that renders beside them."""

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from anyio.from_thread import BlockingPortal

import mmgt
from tests.integration.api.scripted_worker import ScriptedWorker


class Awaited:
    """Runs what an async client, or its `videos`, would have awaited, in the portal's loop."""

    def __init__(self, portal: BlockingPortal, of: object) -> None:
        self._portal, self._of = portal, of

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        return self._blocking(found) if callable(found) else Awaited(self._portal, found)

    def _blocking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: object, **wishes: object) -> Any:
            begun = method(*words, **wishes)
            return self._portal.call(finish, begun) if isinstance(begun, Coroutine) else self._each(begun)

        return call

    def _each(self, told: AsyncIterator[Any]) -> Iterator[Any]:
        end = object()
        while (value := self._portal.call(anext, told, end)) is not end:
            yield value


async def finish(begun: Coroutine[Any, Any, Any]) -> Any:
    return await begun


AnyClient = mmgt.Client | Awaited
Making = Callable[..., AnyClient]


def rendering(worker: ScriptedWorker, *percents: int) -> threading.Thread:
    """A worker that renders the next job, which waits already."""

    def render() -> None:
        job = worker.claim()
        for percent in percents:
            worker.tell(job, percent)
        worker.finish(job)

    thread = threading.Thread(target=render)
    thread.start()
    return thread

"""Work done before it is asked for, in threads of its own: bounded, in order, and over when its consumer is."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _End:
    """Behind the last item: what ended the source, if it was an error."""

    error: BaseException | None = None


def ahead(source: Generator[Item, None, None], num_ahead: int) -> Generator[Item, None, None]:
    """A generator's items, made in a thread before they are asked for: the same, in the same order.

    The thread begins with the first item that is asked for. Closed early, this waits until the item in work is done;
    then the source is closed in its thread, and the thread is over.

    Args:
        source: runs in the thread.
        num_ahead: items that may be made and not yet taken.

    Raises:
        whatever the source raises, behind the items that came before.
    """
    made: SimpleQueue[Item | _End] = SimpleQueue()
    room, is_over = Semaphore(num_ahead), Event()

    def make() -> None:
        try:
            with closing(source):
                while room.acquire() and not is_over.is_set():
                    made.put(next(source))
        except StopIteration:
            made.put(_End())
        except BaseException as error:  # the consumer answers it
            made.put(_End(error))

    thread = Thread(target=copy_context().run, args=(make,), name="ahead")
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            room.release()
            yield item
        if item.error is not None:
            raise item.error
    finally:
        is_over.set()
        room.release()
        thread.join()


def done_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], num_ahead: int, num_threads: int
) -> Generator[Result, None, None]:
    """What a function makes of each item, in order; it works while the caller brings the next ones.

    Args:
        work: called in `num_threads` threads.
        items: are taken in the caller's own thread.
        num_ahead: items that may be taken before the result of the first of them is given.

    Raises:
        whatever the work raises, in its item's place; whatever the items raise, at once.
    """
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(num_threads, thread_name_prefix="done_ahead") as threads:
        try:
            for item in items:
                begun.append(threads.submit(copy_context().run, work, item))
                if len(begun) > num_ahead:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()


def grouped(items: Iterable[Item], num_together: int) -> Iterator[tuple[Item, ...]]:
    """Items in groups of so many; the last may be smaller."""
    left = iter(items)
    while group := tuple(islice(left, num_together)):
        yield group

"""Work that runs before it is asked for keeps order and bounds, and ends with whoever asked."""

import threading
from collections.abc import Generator, Iterator
from contextvars import ContextVar

import pytest

from mmgt_core.ahead import ahead, done_ahead
from mmgt_core.errors import Cancelled

NUM_AHEAD = 3


class Counting:
    """Counts up, and tells what happened."""

    def __init__(self, num_items: int, error: BaseException | None = None) -> None:
        self.num_items, self.error = num_items, error
        self.num_made = 0
        self.thread_ids: set[int] = set()
        self.made = threading.Semaphore(0)
        self.is_closed = False

    def items(self) -> Generator[int, None, None]:
        try:
            for index in range(self.num_items):
                self.thread_ids.add(threading.get_ident())
                self.num_made += 1
                self.made.release()
                yield index
            if self.error is not None:
                raise self.error
        finally:
            self.is_closed = True


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def test_items_come_in_order_from_a_thread_of_their_own() -> None:
    counting = Counting(100)

    assert list(ahead(counting.items(), NUM_AHEAD)) == list(range(100))
    assert threading.get_ident() not in counting.thread_ids
    assert len(counting.thread_ids) == 1


def test_items_are_made_before_they_are_asked_for_and_no_more_than_the_bound() -> None:
    counting = Counting(100)
    items = ahead(counting.items(), NUM_AHEAD)

    for num_taken in range(1, 10):
        next(items)
        for _ in range(NUM_AHEAD + 1 if num_taken == 1 else 1):
            assert counting.made.acquire(timeout=10)
        assert counting.num_made == num_taken + NUM_AHEAD
    items.close()


@pytest.mark.parametrize("error", [ValueError("broken"), Cancelled("stopped"), KeyboardInterrupt()])
def test_an_error_comes_once_behind_the_items_before_it(error: BaseException) -> None:
    items = ahead(Counting(5, error).items(), NUM_AHEAD)

    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(type(error)) as raised:
        next(items)
    assert raised.value is error
    assert list(items) == []


def test_a_source_that_is_empty_or_begins_with_an_error_is_told_the_same() -> None:
    assert list(ahead(Counting(0).items(), NUM_AHEAD)) == []
    with pytest.raises(ValueError, match="at once"):
        next(ahead(Counting(0, ValueError("at once")).items(), NUM_AHEAD))


def test_whoever_stops_asking_closes_the_source() -> None:
    counting = Counting(1000)
    items = ahead(counting.items(), NUM_AHEAD)
    next(items)

    items.close()

    assert counting.is_closed
    assert counting.num_made <= 1 + NUM_AHEAD


def test_an_error_of_the_consumer_closes_the_source() -> None:
    counting = Counting(1000)

    def consumer() -> Generator[int, None, None]:
        yield from ahead(counting.items(), NUM_AHEAD)

    running = consumer()
    next(running)
    with pytest.raises(Cancelled):
        running.throw(Cancelled("stopped"))

    assert counting.is_closed


NOTED: ContextVar[str] = ContextVar("NOTED", default="")


def test_threads_know_the_context_of_who_asks() -> None:
    NOTED.set("job 7")

    assert list(ahead((NOTED.get() for _ in range(2)), 1)) == ["job 7"] * 2
    assert list(done_ahead(lambda _: NOTED.get(), range(2), 1, 1)) == ["job 7"] * 2


def test_results_come_in_the_order_of_their_items_whichever_is_done_first() -> None:
    second_is_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10)
        if item == 1:
            second_is_done.set()
        return item * item

    assert list(done_ahead(work, range(5), NUM_AHEAD, 2)) == [0, 1, 4, 9, 16]


def test_work_goes_on_in_other_threads_while_items_are_taken_in_the_callers() -> None:
    counting = Counting(20)
    workers: set[int] = set()

    list(done_ahead(lambda item: workers.add(threading.get_ident()), counting.items(), NUM_AHEAD, 1))

    assert counting.thread_ids == {threading.get_ident()}
    assert counting.thread_ids.isdisjoint(workers)


def test_no_more_items_are_taken_than_may_wait() -> None:
    counting = Counting(100)
    results = done_ahead(str, counting.items(), NUM_AHEAD, 2)

    for num_taken in range(1, 10):
        next(results)
        assert counting.num_made == num_taken + NUM_AHEAD
    results.close()


def test_an_error_of_the_work_comes_once_in_its_items_place() -> None:
    def work(item: int) -> float:
        return 1 / (item - 2)

    results = done_ahead(work, range(10), NUM_AHEAD, 2)

    assert [next(results), next(results)] == [-0.5, -1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


def test_an_error_of_the_items_comes_from_them_and_leaves_no_work_waiting() -> None:
    done: list[int] = []

    with pytest.raises(Cancelled):
        list(done_ahead(done.append, Counting(5, Cancelled("stopped")).items(), 10, 1))

    assert done == list(range(len(done)))


def test_work_that_nobody_waits_for_is_not_begun() -> None:
    may_go_on = threading.Event()
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            assert may_go_on.wait(10)
        return item

    results = done_ahead(work, range(10), NUM_AHEAD, 1)
    assert next(results) == 0
    may_go_on.set()
    results.close()

    assert len(begun) <= 1 + NUM_AHEAD

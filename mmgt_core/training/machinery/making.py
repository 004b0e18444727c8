"""Making data once: in several processes, and by one of several runs that want the same folder."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import torch


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else makes data in a folder; what was made meanwhile is there then."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def each_done(jobs: Sequence[Callable[[], object]], num_processes: int) -> Iterator[None]:
    """Call what can be pickled, in processes of one thread each; yields as each is done.

    An error, or the end of whoever listens, cancels what has not begun. 0 processes: in this one.
    """
    if not jobs:
        return
    if num_processes == 0:
        for job in jobs:
            job()
            yield
        return
    pool = ProcessPoolExecutor(num_processes, get_context("spawn"), initializer=_use_one_thread)
    try:
        for future in as_completed([pool.submit(job) for job in jobs]):
            future.result()
            yield
    finally:
        pool.shutdown(cancel_futures=True)


def _use_one_thread() -> None:
    torch.set_num_threads(1)

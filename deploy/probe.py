"""Health checks of containers, which have no curl: `python -m deploy.probe URL`, or `python -m deploy.probe QUEUE`.

Ends with 0 if the address answers with 2xx; or if a worker of this host serves the queue (`video`: any preset's) and is
ready for work.
"""

import socket
import sys

import httpx

from jobs.errors import StoreUnavailable
from jobs.queue import video_queue
from jobs.settings import Settings
from jobs.store import JobStore

_TIMEOUT_S = 4.0


def answers(url: str) -> bool:
    """Whether the address answers with success in time."""
    try:
        return httpx.get(url, timeout=_TIMEOUT_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def is_served(settings: Settings, queue: str, host: str) -> bool:
    """Whether a worker of a host takes work from a queue."""
    quick = settings.store.model_copy(update={"timeout_s": _TIMEOUT_S, "retries": 0})
    try:
        workers = JobStore(quick).workers(settings.worker.live_s)
    except StoreUnavailable:
        return False
    return any(
        worker.is_ready and worker.name.endswith(f"@{host}") and _serves(worker.queues, queue) for worker in workers
    )


def _serves(queues: tuple[str, ...], queue: str) -> bool:
    return queue in queues or (queue == "video" and any(name.startswith(video_queue("")) for name in queues))


if __name__ == "__main__":
    word = sys.argv[1]
    is_healthy = answers(word) if "://" in word else is_served(Settings(), word, socket.gethostname())
    sys.exit(0 if is_healthy else 1)

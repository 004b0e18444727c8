"""Connections to the store: how many there are, and how long it is asked before it counts as away."""

import time
from collections.abc import Iterator
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobs.settings import StoreSettings

MAX_CONNECTIONS = 64  # of one process; who finds all in use waits for one, so that a crowd is served and not refused
FIRST_WAIT_S, MAX_WAIT_S = 0.1, 1.0


def open_client(settings: StoreSettings) -> redis.Redis:
    """Return a client that blocks; it tries once, because redis-py's own retries count tries and not seconds."""
    return redis.Redis.from_url(settings.url.get_secret_value(), **_options(settings), retry=Retry(NoBackoff(), 0))


def open_async_client(settings: StoreSettings) -> redis.asyncio.Redis:
    """Return a client for an event loop; it tries once."""
    pool: redis.asyncio.BlockingConnectionPool = redis.asyncio.BlockingConnectionPool.from_url(
        settings.url.get_secret_value(), **_options(settings), retry=AsyncRetry(NoBackoff(), 0),
        max_connections=MAX_CONNECTIONS, timeout=settings.timeout_s,
    )  # fmt: skip
    return redis.asyncio.Redis.from_pool(pool)


def waits_s(settings: StoreSettings) -> Iterator[float]:
    """Yield the seconds to wait before each further try of a store that refuses: `retries` of them, in its time-out."""
    ends_at_s = time.monotonic() + settings.timeout_s
    wait_s = FIRST_WAIT_S
    for _ in range(settings.retries):
        if time.monotonic() + wait_s > ends_at_s:
            return
        yield wait_s
        wait_s = min(2 * wait_s, MAX_WAIT_S)


def _options(settings: StoreSettings) -> dict[str, Any]:
    return {
        "decode_responses": True,
        "protocol": 2,
        "socket_timeout": settings.timeout_s,
        "socket_connect_timeout": settings.timeout_s,
    }

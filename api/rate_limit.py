"""How often a tenant may call: moving windows in the store, told by the RateLimit headers."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from time import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from api.errors import RequestRefused
from jobs.connections import open_async_client
from jobs.errors import StoreUnavailable
from jobs.settings import Settings


class Window(StrEnum):
    """The windows that callers are counted in."""

    CREATES = "creates"
    READS = "reads"
    VALIDATIONS = "validations"
    FAILED_LOGINS = "failed_logins"


@dataclass(frozen=True)
class Allowance:
    """What is left of a window.

    Attributes:
        policy: name of the window.
        limit: calls per window.
        window_s: its length.
        remaining: calls left now.
        reset_s: until the oldest call leaves the window, seconds from now.
        is_exceeded: this call was one too many.
    """

    policy: str
    limit: int
    window_s: int
    remaining: int
    reset_s: int
    is_exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The fields of the IETF's RateLimit draft."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={self.window_s}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset_s}',
        }


class RateLimiter:
    """Counts calls: reads for each replica by itself, all else for all replicas, in the store."""

    def __init__(self, settings: Settings) -> None:
        store, rates = settings.store, settings.rate_limits
        self._items: dict[Window, RateLimitItem] = {window: parse(getattr(rates, window)) for window in Window}
        self._client, self._timeout_s = open_async_client(store), store.timeout_s
        self._storage = RedisStorage(
            f"async+{store.url.get_secret_value()}",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix=f"{store.key_prefix}rate",
            connection_pool=self._client.connection_pool,  # type: ignore[arg-type]
        )
        in_store = MovingWindowRateLimiter(self._storage)
        # Each count in the store is a write that waits for the disk; reads come by the hundred and are counted here.
        in_process = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._windows = {window: in_process if window is Window.READS else in_store for window in Window}

    def rate(self, window: Window) -> tuple[int, int]:
        """Return how many calls are allowed in how many seconds."""
        item = self._items[window]
        return item.amount, item.get_expiry()

    async def count(self, window: Window, caller: str) -> Allowance:
        """Count one call and tell what is left.

        Raises:
            StoreUnavailable
        """
        item = self._items[window]
        try:
            async with asyncio.timeout(self._timeout_s):
                is_allowed = await self._windows[window].hit(item, window.value, caller)
                stats = await self._windows[window].get_window_stats(item, window.value, caller)
        except StorageError as error:
            raise StoreUnavailable(f"rate limit: {error}") from error
        except TimeoutError as error:
            raise StoreUnavailable(f"rate limit: no answer within {self._timeout_s:g} s") from error
        reset_s = max(0, ceil(stats.reset_time - time()))
        return Allowance(window.value, item.amount, item.get_expiry(), stats.remaining, reset_s, not is_allowed)

    async def count_failed_login(self, address: str) -> None:
        """Count a wrong key from an address.

        Raises:
            RequestRefused: 429, too many of them.
        """
        refuse_if_exceeded(await self.count(Window.FAILED_LOGINS, address))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def refuse_if_exceeded(allowance: Allowance) -> None:
    """Raise the 429 for a call that was one too many.

    Raises:
        RequestRefused
    """
    if allowance.is_exceeded:
        detail = f"{allowance.limit} {allowance.policy} in {allowance.window_s} s are allowed"
        raise RequestRefused("rate_limit_exceeded", detail, headers={"Retry-After": str(max(1, allowance.reset_s))})

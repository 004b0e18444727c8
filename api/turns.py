"""Taking turns: of what keeps the store busy for long, each tenant has one at a time under way."""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """A lock for each tenant that has something to do; forgotten when nobody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, tenant: str) -> asyncio.Lock:
        """Return the tenant's lock."""
        lock = self._locks.get(tenant)
        if lock is None:
            lock = self._locks[tenant] = asyncio.Lock()
        return lock

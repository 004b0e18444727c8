"""Places: how many requests may do the same long thing at a time, and how many of them may be one tenant's."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import RequestRefused

RETRY_AFTER = {"Retry-After": "5"}


class Places:
    """A tenant holds at most `per_tenant`, and never more than are left free: so there is one for who comes next."""

    def __init__(self, what: str, total: int, per_tenant: int | None = None) -> None:
        """Args: what: who sits there, in the plural; the codes `too_many_…` (503) and `…_exceeded` (429) name it."""
        self._what, self.total = what, total
        self.per_tenant = min(total, per_tenant or total)
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, tenant: str) -> Iterator[None]:
        """Hold a place for as long as the block runs.

        Raises:
            RequestRefused: 429, the tenant has its share; 503, all are taken.
        """
        refused = self.refusal(tenant)
        if refused is not None:
            raise refused
        self._held[tenant] += 1
        try:
            yield
        finally:
            self._held[tenant] -= 1
            if not self._held[tenant]:
                del self._held[tenant]

    def refusal(self, tenant: str) -> RequestRefused | None:
        """Return why there is no place for the tenant now, None if there is one."""
        taken, held = self._held.total(), self._held[tenant]
        if taken >= self.total:
            return RequestRefused(f"too_many_{self._what}", f"{taken} {self._what} are under way, as many as may be")
        if held >= min(self.per_tenant, self.total - taken):
            detail = f"{held} {self._what} of yours are under way, as many as may be one tenant's now"
            return RequestRefused(f"{self._what}_exceeded", detail, headers=RETRY_AFTER)
        return None

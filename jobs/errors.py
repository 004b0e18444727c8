"""Errors of the shared part; each exists because somebody answers it differently."""


class JobsError(Exception):
    """Base of everything that this package raises on purpose."""


class QuotaExceeded(JobsError):
    """The tenant has as many live jobs as it may have (429)."""

    def __init__(self, active: int, limit: int, num_wanted: int = 1) -> None:
        super().__init__(f"{active} jobs are queued or running{_wanted(num_wanted)}; the limit is {limit}")
        self.active, self.limit = active, limit


class QueueFull(JobsError):
    """The whole queue holds as many waiting jobs as it may (503)."""

    def __init__(self, waiting: int, limit: int, num_wanted: int = 1) -> None:
        super().__init__(f"{waiting} jobs wait{_wanted(num_wanted)}; the limit is {limit}")
        self.waiting, self.limit = waiting, limit


class ReservationLost(JobsError):
    """The idempotency key's reservation lapsed before the job was created (409, retry)."""


class JobDeleted(JobsError):
    """The id was deleted; nothing brings it back."""


class UnknownCursor(JobsError):
    """`after` or `before` names no job of the tenant (404)."""


class TooManyKeys(JobsError):
    """The tenant has as many API keys as it may have."""


class StoreUnavailable(JobsError):
    """The store did not answer (503)."""


class ObjectNotFound(JobsError):
    """No object lies under the key."""


class RangeNotSatisfiable(JobsError):
    """The first byte asked for lies behind the object's end (416)."""


class StorageUnavailable(JobsError):
    """The object store did not answer, or refused; the same call may succeed later (503)."""


def _wanted(number: int) -> str:
    return "" if number == 1 else f", and {number} more are wanted"

"""What tests of the store share: requests for videos, and a hand on the clock of single records."""

from collections.abc import Callable, Iterator

import pytest
import redis

from jobs.job import Job, JobOptions, JobRequest, new_job_id
from jobs.settings import StoreSettings
from jobs.store import JobStore

CLASS = "mmgt-demo"
MakeRequest = Callable[..., JobRequest]


def make_request(**changes: object) -> JobRequest:
    """A request as the API would make it, for tenant `ada` unless told otherwise."""
    job_id = new_job_id()
    fields: dict[str, object] = {
        "id": job_id,
        "tenant": "ada",
        "model": "mmgt-demo",
        "queue_class": CLASS,
        "options": JobOptions(seed=2**53 - 1),
        "inputs": {"image": f"videos/{job_id}/inputs/image.png"},
        "size": "512x512",
        "fps": 25,
        "fingerprint": f"print of {job_id}",
    }
    return JobRequest(**(fields | changes))  # type: ignore[arg-type]


COPIES_AT_ONCE = 2000
COPIES = """
local P, id, tenant = KEYS[1], ARGV[1], ARGV[2]
local fields = redis.call('HGETALL', P .. 'job:' .. id)
local created_ms = redis.call('HGET', P .. 'job:' .. id, 'created_ms')
for i = ARGV[3], ARGV[4] do
  local copy = string.sub(id, 1, 16) .. string.format('%016d', i)
  redis.call('HSET', P .. 'job:' .. copy, unpack(fields))
  redis.call('HSET', P .. 'job:' .. copy, 'created_ms', created_ms - i, 'request',
    (string.gsub(redis.call('HGET', P .. 'job:' .. id, 'request'), id, copy)))
  redis.call('ZADD', P .. 'jobs:' .. tenant, created_ms - i, copy)
end
"""


class Clock:
    """Makes time pass for one record: moves its entry in a sorted set of deadlines into the past."""

    def __init__(self, settings: StoreSettings) -> None:
        self._client = redis.Redis.from_url(settings.url.get_secret_value(), decode_responses=True, protocol=2)
        self._prefix = settings.key_prefix

    def pass_deadline(self, deadlines: str, member: str) -> None:
        changed = self._client.zadd(self._prefix + deadlines, {member: 1}, xx=True, ch=True)
        assert changed == 1, f"{member} has no deadline among {deadlines}"

    def end_lease(self, job: Job) -> None:
        self.pass_deadline("leases", job.id)

    def pass_all(self, deadlines: str) -> None:
        for member in self._client.zrange(self._prefix + deadlines, 0, -1):
            self.pass_deadline(deadlines, member)

    def copy_job(self, job: Job, times: int) -> None:
        """Give a tenant so many more records like one, each a millisecond older than the one before."""
        for first in range(1, times + 1, COPIES_AT_ONCE):
            last = min(times, first + COPIES_AT_ONCE - 1)
            self._client.eval(COPIES, 1, self._prefix, job.id, job.tenant, first, last)

    def is_at_rest(self) -> bool:
        """Say whether the store does nothing by itself."""
        state = self._client.info("persistence")
        return not any(
            state[name] for name in ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
        )

    def seconds_left(self, name: str) -> float:
        return self._client.pttl(self._prefix + name) / 1000

    def forget(self, name: str) -> None:
        self._client.delete(self._prefix + name)

    def forget_scripts(self) -> None:
        self._client.script_flush()

    def pass_deliveries(self) -> None:
        for name in self.names():
            if name in ("deliveries-due", "due-tenants") or name.startswith("due-of:"):
                self.pass_all(name)

    def names(self) -> set[str]:
        return {name.removeprefix(self._prefix) for name in self._client.scan_iter(self._prefix + "*", count=1000)}

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def clock(store_settings: StoreSettings) -> Iterator[Clock]:
    hand = Clock(store_settings)
    yield hand
    hand.close()


@pytest.fixture
def claimed(store: JobStore) -> Job:
    """A job in progress, attempt 1."""
    store.create(make_request())
    job = store.claim_next(CLASS, "w1")
    assert job is not None
    return job

"""JobStore and AsyncJobStore: two clients of the one truth; every verb is one atomic script, written once."""

import time
from collections.abc import Awaitable, Callable
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any, Generic, ParamSpec, TypeVar, overload

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import NoScriptError
from redis.exceptions import TimeoutError as Unanswered
from redis.retry import Retry

from jobs.errors import StoreUnavailable
from jobs.job import TRANSITIONS
from jobs.settings import StoreSettings
from jobs.verbs import deliveries, lifecycle, listing, registry, upkeep
from jobs.verbs.call import Call, Word

LUA_FILES = ("common", "lifecycle", "listing", "upkeep", "deliveries", "registry")
BLOCK_S = 2.0  # one blocking read; under the socket time-out, so that a dead connection is noticed

P = ParamSpec("P")
T = TypeVar("T")


class Verb(Generic[P, T]):
    """One verb in the table below: read from a store it runs there, at once or awaited."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self.build = build

    @overload
    def __get__(self, store: "JobStore", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, store: "AsyncJobStore", owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, store: Any, owner: type) -> Any:
        """Bind the verb to its store; arguments and result are those of the builder in `jobs/verbs`."""
        return lambda *args, **kwargs: store.run(self.build(*args, **kwargs))


class Verbs:
    """The table of verbs; each is documented where its call is built."""

    reserve_key = Verb(lifecycle.reserve_key)
    renew_key = Verb(lifecycle.renew_key)
    unreserve_key = Verb(lifecycle.unreserve_key)
    create = Verb(lifecycle.create)
    get = Verb(lifecycle.get)
    list_jobs = Verb(listing.list_jobs)
    claim_next = Verb(lifecycle.claim_next)
    renew = Verb(lifecycle.renew)
    progress = Verb(lifecycle.progress)
    annotate = Verb(lifecycle.annotate)
    release = Verb(lifecycle.release)
    finalise = Verb(lifecycle.finalise)
    fail = Verb(lifecycle.fail)
    acknowledge_cancel = Verb(lifecycle.acknowledge_cancel)
    cancel = Verb(lifecycle.cancel)
    delete = Verb(lifecycle.delete)
    known_ids = Verb(lifecycle.known_ids)
    events_after = Verb(lifecycle.events_after)

    doorbell_rung = Verb(upkeep.doorbell_rung)
    sweep = Verb(upkeep.sweep)
    reap = Verb(upkeep.reap)
    expire = Verb(upkeep.expire)
    take_purges = Verb(upkeep.take_purges)
    purge_done = Verb(upkeep.purge_done)
    take_upkeep_lock = Verb(upkeep.take_upkeep_lock)
    queue_state = Verb(upkeep.queue_state)
    places = Verb(upkeep.places)
    queue_classes = Verb(upkeep.queue_classes)
    status_counts = Verb(upkeep.status_counts)
    active_jobs = Verb(upkeep.active_jobs)

    take_due_deliveries = Verb(deliveries.take_due_deliveries)
    record_try = Verb(deliveries.record_try)
    list_deliveries = Verb(deliveries.list_deliveries)
    redeliver = Verb(deliveries.redeliver)
    deliveries_due = Verb(deliveries.deliveries_due)
    delivery_outcomes = Verb(deliveries.delivery_outcomes)

    heartbeat = Verb(registry.heartbeat)
    workers = Verb(registry.workers)
    remove_worker = Verb(registry.remove_worker)
    known_models = Verb(registry.known_models)
    put_preflight_answer = Verb(registry.put_preflight_answer)
    add_api_key = Verb(registry.add_api_key)
    find_api_key = Verb(registry.find_api_key)
    has_api_keys = Verb(registry.has_api_keys)
    list_api_keys = Verb(registry.list_api_keys)
    revoke_api_key = Verb(registry.revoke_api_key)
    webhook_secrets = Verb(registry.webhook_secrets)
    ensure_webhook_secret = Verb(registry.ensure_webhook_secret)
    rotate_webhook_secret = Verb(registry.rotate_webhook_secret)
    set_quota = Verb(registry.set_quota)
    quota = Verb(registry.quota)


class JobStore(Verbs):
    """The store for the worker: each verb runs at once."""

    def __init__(self, settings: StoreSettings) -> None:
        self._prefix = settings.key_prefix
        self._client = redis.Redis.from_url(
            settings.url.get_secret_value(),
            decode_responses=True,
            protocol=2,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            retry=Retry(_backoff(), settings.retries),
        )

    def run(self, call: Call[T]) -> T:
        """Run a call, and those that it asks for.

        Raises:
            StoreUnavailable: no answer, also after retries.
        """
        result = self._run_one(call)
        while isinstance(result, Call):
            result = self._run_one(result)
        return result

    def _run_one(self, call: Call[T]) -> T | Call[T]:
        text, digest = scripts()
        try:
            try:
                reply = self._client.evalsha(digest, 1, self._prefix, call.verb, *call.words)
            except NoScriptError:
                reply = self._client.eval(text, 1, self._prefix, call.verb, *call.words)
        except (Unreachable, Unanswered) as error:
            raise StoreUnavailable(f"{call.verb}: {error}") from error
        return call.read(reply)

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""
        try:
            self._client.ping()
        except (Unreachable, Unanswered) as error:
            raise StoreUnavailable(f"ping: {error}") from error

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class AsyncJobStore(Verbs):
    """The store for the API: each verb is awaited."""

    def __init__(self, settings: StoreSettings) -> None:
        self._prefix = settings.key_prefix
        self._client = redis.asyncio.Redis.from_url(
            settings.url.get_secret_value(),
            decode_responses=True,
            protocol=2,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            retry=AsyncRetry(_backoff(), settings.retries),
        )

    async def run(self, call: Call[T]) -> T:
        """Run a call, and those that it asks for.

        Raises:
            StoreUnavailable: no answer, also after retries.
        """
        result = await self._run_one(call)
        while isinstance(result, Call):
            result = await self._run_one(result)
        return result

    async def _run_one(self, call: Call[T]) -> T | Call[T]:
        text, digest = scripts()
        try:
            try:
                reply = await self._client.evalsha(digest, 1, self._prefix, call.verb, *call.words)
            except NoScriptError:
                reply = await self._client.eval(text, 1, self._prefix, call.verb, *call.words)
        except (Unreachable, Unanswered) as error:
            raise StoreUnavailable(f"{call.verb}: {error}") from error
        return call.read(reply)

    async def wait_for_event(self, job_id: str, last_event_id: str, timeout_s: float) -> bool:
        """Wait until the job has an event after that id (then ask `events_after`); False when none came in time.

        Raises:
            StoreUnavailable
        """
        words = ("STREAMS", f"{self._prefix}events:{job_id}", last_event_id)
        return await self._wait(timeout_s, lambda block_s: ("XREAD", "BLOCK", int(block_s * 1000), *words)) is not None

    async def wait_preflight_answer(self, request_id: str, timeout_s: float) -> str | None:
        """Wait for the preflight worker's answer (JSON text), once; None when it did not come in time.

        Raises:
            StoreUnavailable
        """
        key = f"{self._prefix}preflight:{request_id}"
        reply = await self._wait(timeout_s, lambda block_s: ("BLPOP", key, block_s))
        return None if reply is None else str(reply[1])

    async def _wait(self, timeout_s: float, command: Callable[[float], tuple[Word, ...]]) -> Any:  # noqa: ANN401
        client: Any = self._client  # its own types leave execute_command untyped
        ends_at_s = time.monotonic() + timeout_s
        while (left_s := ends_at_s - time.monotonic()) > 0:
            try:
                reply = await client.execute_command(*command(max(0.001, min(left_s, BLOCK_S))))
            except (Unreachable, Unanswered) as error:
                raise StoreUnavailable(f"waiting: {error}") from error
            if reply:
                return reply
        return None

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""
        try:
            await self._client.ping()
        except (Unreachable, Unanswered) as error:
            raise StoreUnavailable(f"ping: {error}") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


@cache
def scripts() -> tuple[str, str]:
    """Return the text of all verbs behind the table of transitions, and the SHA-1 by which the store knows it."""
    folder = files("jobs") / "lua"
    parts = [_transitions(), *((folder / f"{name}.lua").read_text() for name in LUA_FILES)]
    text = "\n".join([*parts, "return VERBS[ARGV[1]](unpack(ARGV, 2))"])
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


def _transitions() -> str:
    rows = (
        f"{status.value} = {{{', '.join(f'{after.value} = true' for after in sorted(following))}}}"
        for status, following in TRANSITIONS.items()
    )
    return f"local MAY_FOLLOW = {{{', '.join(rows)}}}"


def _backoff() -> ExponentialBackoff:
    return ExponentialBackoff(cap=1.0, base=0.05)

"""JobStore and AsyncJobStore: two clients of the one truth; every verb is one atomic script, written once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import cache, partial
from hashlib import sha1
from importlib.resources import files
from typing import Any, Generic, ParamSpec, TypeVar, overload

from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as Unanswered

from jobs.connections import open_async_client, open_client, waits_s
from jobs.errors import StoreUnavailable
from jobs.job import TRANSITIONS, Job
from jobs.listener import Listener
from jobs.settings import StoreSettings
from jobs.verbs import deliveries, lifecycle, listing, preflight, registry, upkeep
from jobs.verbs.call import Call, Word

_FULL = ("MISCONF", "OOM")  # how a store begins its answer that cannot write, or has no memory for more
LUA_FILES = ("common", "lifecycle", "listing", "upkeep", "deliveries", "registry", "preflight")
OTHERS_FIRST_S = 0.002  # between two calls of one verb: a search takes longer by it, and nobody waits for its end

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
    peek_next = Verb(lifecycle.peek_next)
    renew = Verb(lifecycle.renew)
    progress = Verb(lifecycle.progress)
    annotate = Verb(lifecycle.annotate)
    preview = Verb(lifecycle.preview)
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
    ask_preflight = Verb(preflight.ask_preflight)
    take_question = Verb(preflight.take_question)
    question_done = Verb(preflight.question_done)
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
    """The store for the worker: each verb runs at once, or raises after about `timeout_s` when the store is silent."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings, self._prefix = settings, settings.key_prefix
        self._client = open_client(settings)

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
        return call.read(self._ask(call.verb, lambda: self._evaluate(call)))

    def _evaluate(self, call: Call[T]) -> Any:  # noqa: ANN401
        text, digest = scripts()
        try:
            return self._client.evalsha(digest, 1, self._prefix, call.verb, *call.words)
        except NoScriptError:
            return self._client.eval(text, 1, self._prefix, call.verb, *call.words)

    def _ask(self, what: str, ask: Callable[[], T]) -> T:
        """Ask; again while the connection is refused or breaks, but not what was asked and met silence."""
        waits = waits_s(self._settings)
        while True:
            try:
                return ask()
            except Unanswered as error:
                raise StoreUnavailable(f"{what}: {error}") from error
            except ResponseError as error:
                raise _outage_of(what, error) from error
            except Unreachable as error:
                wait_s = next(waits, None)
                if wait_s is None:
                    raise StoreUnavailable(f"{what}: {error}") from error
            time.sleep(wait_s)

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""
        self._ask("ping", self._client.ping)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


class AsyncJobStore(Verbs):
    """The store for the API: each verb is awaited, and raises after `timeout_s` however the store is away.

    Waits take no connection of their own: one listener hears for all of them.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._settings, self._prefix = settings, settings.key_prefix
        self._client = open_async_client(settings)
        self._listener = Listener(settings)

    async def run(self, call: Call[T]) -> T:
        """Run a call, and those that it asks for.

        Raises:
            StoreUnavailable: no answer, also after retries.
        """
        result = await self._run_one(call)
        while isinstance(result, Call):
            await asyncio.sleep(OTHERS_FIRST_S)
            result = await self._run_one(result)
        return result

    async def _run_one(self, call: Call[T]) -> T | Call[T]:
        return call.read(await self._ask(call.verb, lambda: self._evaluate(call)))

    async def _evaluate(self, call: Call[T]) -> Any:  # noqa: ANN401
        text, digest = scripts()
        try:
            return await self._client.evalsha(digest, 1, self._prefix, call.verb, *call.words)
        except NoScriptError:
            return await self._client.eval(text, 1, self._prefix, call.verb, *call.words)

    async def _ask(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, also for a free connection, within the time-out; again while the connection is refused or breaks."""
        waits = waits_s(self._settings)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                while True:
                    try:
                        return await ask()
                    except Unreachable as error:
                        wait_s = next(waits, None)
                        if wait_s is None:
                            raise StoreUnavailable(f"{what}: {error}") from error
                    await asyncio.sleep(wait_s)
        except (TimeoutError, Unanswered) as error:
            raise StoreUnavailable(f"{what}: no answer within {self._settings.timeout_s:g} s") from error
        except ResponseError as error:
            raise _outage_of(what, error) from error

    async def wait_for_event(self, job_id: str, last_event_id: str, timeout_s: float) -> bool:
        """Wait until the job has an event after that id (then ask `events_after`); False when none came in time.

        Raises:
            StoreUnavailable
        """
        words = ("XREAD", "COUNT", 1, "STREAMS", f"{self._prefix}events:{job_id}", last_event_id)

        async def look() -> Any:  # noqa: ANN401
            return await self.once_per_change(
                job_id, f"is there one after {last_event_id}", partial(self._command, *words)
            )

        return await self._listener.wait(job_id, look, timeout_s) is not None

    async def wait_for_job(self, job_id: str, is_so: Callable[[Job | None], bool], timeout_s: float) -> Job | None:
        """Return the job as soon as it is as asked, or as it is after the time-out; None when it was deleted.

        Raises:
            StoreUnavailable
        """
        now: Job | None = None

        async def look() -> bool:
            nonlocal now
            now = await self.once_per_change(job_id, "as it is", partial(self.get, job_id))
            return is_so(now)

        await self._listener.wait(job_id, look, timeout_s)
        return now

    async def once_per_change(self, job_id: str, what: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what is read of a job; a crowd that follows it reads it once between two changes.

        Args:
            what: names what is read.

        Raises:
            StoreUnavailable
        """
        return await self._listener.once(job_id, what, read)

    async def wait_preflight_answer(self, request_id: str, timeout_s: float) -> str | None:
        """Wait for the preflight worker's answer (JSON text), once; None when it did not come in time.

        Raises:
            StoreUnavailable
        """
        name = f"preflight:{request_id}"
        answer = await self._listener.wait(name, lambda: self._command("LPOP", self._prefix + name), timeout_s)
        return None if answer is None else str(answer)

    async def _command(self, *words: Word) -> Any:  # noqa: ANN401
        client: Any = self._client  # its own types leave execute_command untyped
        return await self._ask("waiting", lambda: client.execute_command(*words))

    def end_waits(self) -> None:
        """End every wait of this process as if its time were over; later ones end at once."""
        self._listener.end()

    @property
    def has_ended_waits(self) -> bool:
        """True when this process is about to stop: who would wait again must not."""
        return self._listener.has_ended

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""
        await self._ask("ping", self._client.ping)

    async def close(self) -> None:
        """Close every connection."""
        await self._listener.close()
        await self._client.aclose()


def _outage_of(what: str, error: ResponseError) -> StoreUnavailable:
    """Return what a store is whose disk or memory is full: away for now; any other refusal is raised as it is."""
    if not str(error).startswith(_FULL):
        raise error
    return StoreUnavailable(f"{what}: {error}")


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

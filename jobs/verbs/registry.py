"""The verbs beside jobs: workers and their heartbeats, preflight answers, API keys, webhook secrets, quotas."""

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from jobs.errors import TooManyKeys
from jobs.verbs.call import Call, Word, milliseconds, nothing, or_none, yes


class Scope(StrEnum):
    """What an API key may do: a user sees its tenant's jobs, an operator the queue as a whole too."""

    USER = "user"
    OPERATOR = "operator"


@dataclass(frozen=True)
class WorkerRecord:
    """What a worker tells with each heartbeat.

    Attributes:
        name: unique among workers; stable over its life.
        queues: full names of the queues it serves: `video.mmgt-512`, `preflight`, `delivery`, `housekeeping`.
        is_ready: its canary passed (always true for workers without a pipeline).
        models: for `/v1/models`: one JSON object per loaded preset (`id`, `size`, `fps`, `qualities`, limits …).
        device: in words.
        job_id: what it renders now.
        started_at_ms, seen_at_ms: by the worker's clock; by the store's clock, set by the heartbeat.
    """

    name: str
    queues: tuple[str, ...]
    is_ready: bool
    models: tuple[dict[str, Any], ...] = ()
    device: str = ""
    job_id: str | None = None
    started_at_ms: int = 0
    seen_at_ms: int = 0


@dataclass(frozen=True)
class KnownModel:
    """A preset as its worker told of it (`id`, `size`, `fps`, `qualities`, limits …), and how long ago it last did."""

    facts: dict[str, Any]
    age_s: float


@dataclass(frozen=True)
class ApiKey:
    """A stored API key: never the key itself, only its SHA-256 and its first letters."""

    id: str
    tenant: str
    scope: Scope
    sha256: str
    prefix: str
    created_at_ms: int = 0
    revoked_at_ms: int | None = None


def heartbeat(worker: WorkerRecord, forget_s: int = 3600) -> Call[None]:
    """Record that a worker lives; it is forgotten altogether after `forget_s` without one."""
    told: list[Word] = [
        word for facts in worker.models if worker.is_ready for word in (str(facts["id"]), json.dumps(facts))
    ]
    words = (worker.name, json.dumps(asdict(worker)), " ".join(worker.queues), milliseconds(forget_s), *told)
    return Call("heartbeat", words, nothing)


def workers(live_s: float = 15.0) -> Call[tuple[WorkerRecord, ...]]:
    """Return the workers whose last heartbeat is at most `live_s` old."""

    def read(reply: Any) -> tuple[WorkerRecord, ...]:  # noqa: ANN401
        return tuple(_read_worker(text, int(seen)) for text, seen in reply)

    return Call("workers", (milliseconds(live_s),), read)


def remove_worker(name: str) -> Call[None]:
    """Forget a worker that ends on purpose."""
    return Call("remove_worker", (name,), nothing)


def known_models(limit: int = 100) -> Call[tuple[KnownModel, ...]]:
    """Return the models that ready render workers ever told of, the last seen first; none: no worker was ready yet."""

    def read(reply: Any) -> tuple[KnownModel, ...]:  # noqa: ANN401
        return tuple(KnownModel(json.loads(facts), int(age_ms) / 1000) for facts, age_ms in reply)

    return Call("known_models", (limit,), read)


def put_preflight_answer(request_id: str, answer: str, ttl_s: int = 30) -> Call[None]:
    """Leave the preflight worker's answer (JSON text) for the API that waits for it."""
    return Call("put_preflight_answer", (request_id, answer, ttl_s), nothing)


def add_api_key(key: ApiKey, max_per_tenant: int = 100) -> Call[None]:
    """Store a key.

    Raises (when read):
        TooManyKeys: the tenant has `max_per_tenant` keys that are not revoked.
    """

    def read(reply: Any) -> None:  # noqa: ANN401
        if not int(reply):
            raise TooManyKeys(f"tenant {key.tenant} has {max_per_tenant} keys already")

    return Call("add_api_key", (key.sha256, key.id, key.tenant, json.dumps(asdict(key)), max_per_tenant), read)


def find_api_key(sha256: str) -> Call[ApiKey | None]:
    """Return the key with that hash, revoked ones included."""
    return Call("find_api_key", (sha256,), or_none(_read_key))


def has_api_keys() -> Call[bool]:
    """Say whether any key was ever stored, revoked ones included."""
    return Call("has_api_keys", (), yes)


def list_api_keys(tenant: str | None = None) -> Call[tuple[ApiKey, ...]]:
    """Return all keys, oldest first, or a tenant's."""

    def read(reply: Any) -> tuple[ApiKey, ...]:  # noqa: ANN401
        keys = sorted((_read_key(text) for text in reply), key=lambda key: (key.created_at_ms, key.id))
        return tuple(key for key in keys if tenant in (None, key.tenant))

    return Call("list_api_keys", (), read)


def revoke_api_key(key_id: str) -> Call[bool]:
    """Revoke a key by its id, at once and for good; false if there is none."""
    return Call("revoke_api_key", (key_id,), yes)


def webhook_secrets(tenant: str) -> Call[tuple[str, ...]]:
    """Return the tenant's secrets that are valid now, newest first: more than one while it rotates."""
    return Call("webhook_secrets", (tenant,), tuple)


def ensure_webhook_secret(tenant: str, new_secret: str) -> Call[tuple[str, ...]]:
    """Store `new_secret` if the tenant has none; return the valid ones."""
    return Call("ensure_webhook_secret", (tenant, new_secret), tuple)


def rotate_webhook_secret(tenant: str, new_secret: str, overlap_s: int = 86400) -> Call[tuple[str, ...]]:
    """Put a new secret in front; those before stay valid for `overlap_s`, at most four of them."""
    return Call("rotate_webhook_secret", (tenant, new_secret, milliseconds(overlap_s)), tuple)


def set_quota(tenant: str, max_active_jobs: int) -> Call[None]:
    """Give a tenant its own limit of queued and running jobs."""
    return Call("set_quota", (tenant, max_active_jobs), nothing)


def quota(tenant: str) -> Call[int | None]:
    """Return the tenant's own limit; None where the setting holds."""
    return Call("quota", (tenant,), or_none(int))


def _read_worker(text: str, seen_at_ms: int) -> WorkerRecord:
    fields = json.loads(text)
    fields |= {"queues": tuple(fields["queues"]), "models": tuple(fields["models"])}
    return replace(WorkerRecord(**fields), seen_at_ms=seen_at_ms)


def _read_key(reply: Any) -> ApiKey:  # noqa: ANN401
    text, created, revoked = reply
    fields = json.loads(text)
    fields |= {"scope": Scope(fields["scope"]), "created_at_ms": int(created)}
    fields |= {"revoked_at_ms": int(revoked) if revoked else None}
    return ApiKey(**fields)

"""Laws of workers, API keys and webhook secrets in the store."""

import time
from dataclasses import replace

import pytest

from jobs.errors import TooManyKeys
from jobs.keys import hash_api_key, new_api_key, new_webhook_secret
from jobs.store import JobStore
from jobs.verbs.registry import Scope, WorkerRecord

RENDER = WorkerRecord(
    "gpu0", ("video.mmgt-512",), is_ready=False, models=({"id": "mmgt-512", "fps": 25},), device="H100"
)


def test_a_worker_is_seen_as_it_told_itself(store: JobStore) -> None:
    store.heartbeat(RENDER)

    (seen,) = store.workers()

    assert (seen.name, seen.queues, seen.models, seen.device) == ("gpu0", RENDER.queues, RENDER.models, "H100")
    assert abs(seen.seen_at_ms - time.time() * 1000) < 60_000


def test_a_silent_or_removed_worker_is_not_seen(store: JobStore) -> None:
    store.heartbeat(RENDER)
    silent = store.workers(live_s=-1)
    store.remove_worker("gpu0")

    assert silent == ()
    assert store.workers() == ()


def test_only_a_render_worker_that_passed_its_canary_makes_a_model_known(store: JobStore) -> None:
    told = []
    for worker in (
        WorkerRecord("cpu", ("preflight", "delivery"), is_ready=True),
        RENDER,
        replace(RENDER, is_ready=True),
    ):
        store.heartbeat(worker)
        told.append([model.facts for model in store.known_models()])

    assert told == [[], [], [RENDER.models[0]]]


def test_a_model_stays_known_when_its_worker_is_gone_and_the_newest_is_first(store: JobStore) -> None:
    store.heartbeat(replace(RENDER, is_ready=True))
    store.remove_worker("gpu0")
    other = {"id": "mmgt-demo", "qualities": []}
    store.heartbeat(WorkerRecord("cpu0", ("video.mmgt-demo",), is_ready=True, models=(other,)))

    known = store.known_models()

    assert {model.facts["id"]: model.facts for model in known} == {"mmgt-demo": other, "mmgt-512": RENDER.models[0]}
    assert known[0].age_s <= known[1].age_s < 60


def test_a_key_is_found_by_its_hash_and_stored_without_itself(store: JobStore) -> None:
    text, key = new_api_key("ada", Scope.OPERATOR, "mmgt_")
    store.add_api_key(key)

    found = store.find_api_key(hash_api_key(text))

    assert found is not None
    assert (found.tenant, found.scope, found.revoked_at_ms) == ("ada", Scope.OPERATOR, None)
    assert text.startswith(found.prefix)
    assert text not in repr(store.list_api_keys())
    assert store.find_api_key(hash_api_key(text + "x")) is None


def test_a_revoked_key_says_when_and_stays_revoked(store: JobStore) -> None:
    _, key = new_api_key("ada", Scope.USER, "mmgt_")
    store.add_api_key(key)

    assert store.revoke_api_key(key.id)
    first = store.find_api_key(key.sha256)
    store.add_api_key(key)

    assert first is not None
    assert first.revoked_at_ms is not None
    assert store.find_api_key(key.sha256) == first
    assert not store.revoke_api_key("key_none")


def test_a_tenant_has_only_so_many_live_keys(store: JobStore) -> None:
    keys = [new_api_key("ada", Scope.USER, "mmgt_")[1] for _ in range(3)]
    for key in keys[:2]:
        store.add_api_key(key, max_per_tenant=2)
    with pytest.raises(TooManyKeys, match="2 keys already"):
        store.add_api_key(keys[2], max_per_tenant=2)

    store.revoke_api_key(keys[0].id)
    store.add_api_key(keys[2], max_per_tenant=2)

    assert {key.id for key in store.list_api_keys("ada")} == {key.id for key in keys}
    assert store.list_api_keys("bob") == ()


def test_the_first_secret_stays_until_it_is_rotated(store: JobStore) -> None:
    first, other = new_webhook_secret(), new_webhook_secret()

    assert store.webhook_secrets("ada") == ()
    assert store.ensure_webhook_secret("ada", first) == (first,)
    assert store.ensure_webhook_secret("ada", other) == (first,)


def test_a_rotated_secret_is_valid_beside_the_new_one_for_a_while(store: JobStore) -> None:
    secrets = [new_webhook_secret() for _ in range(3)]
    store.ensure_webhook_secret("ada", secrets[0])

    both = store.rotate_webhook_secret("ada", secrets[1], overlap_s=600)
    at_once = store.rotate_webhook_secret("ada", secrets[2], overlap_s=0)

    assert both == (secrets[1], secrets[0])
    assert at_once[0] == secrets[2]
    assert secrets[1] not in at_once


def test_rotating_often_keeps_at_most_five_secrets_and_the_newest_first(store: JobStore) -> None:
    secrets = [new_webhook_secret() for _ in range(8)]
    for number, secret in enumerate(secrets):
        store.rotate_webhook_secret("ada", secret, overlap_s=600 + number)

    assert store.webhook_secrets("ada") == tuple(reversed(secrets[-5:]))

"""What the service needs of its neighbours: the store, the storage, and a clock that agrees with theirs."""

import os
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import httpx
import redis

from deploy.doctor.finding import Finding, fault, note, well
from deploy.keys import STORE_URL_FILE
from jobs.connections import open_client
from jobs.errors import JobsError
from jobs.settings import Settings, StoreSettings
from jobs.storage_choice import open_storage

MAX_SKEW_S = 60.0
"""A third of what webhooks' receivers grant (300 s) and S3 stores (900 s), with room for slow answers."""
_ANSWER_S = 1.5


def store_settings(settings: Settings) -> StoreSettings | None:
    """The store that the settings name, else that of `mmgt serve` on the data folder; None: none has run there."""
    quick = settings.store.model_copy(update={"timeout_s": _ANSWER_S, "retries": 0})
    if "MMGT_STORE__URL" in os.environ:
        return quick
    file = settings.data / STORE_URL_FILE
    if not file.is_file():
        return None
    return StoreSettings.model_validate({**settings.store.model_dump(), "url": file.read_text().strip()}).model_copy(
        update={"timeout_s": _ANSWER_S, "retries": 0}
    )


def look_at_store(settings: Settings, store: StoreSettings | None) -> Finding:
    """Whether the store answers, and keeps what it acknowledged."""
    if store is None:
        return well("store", "`mmgt serve` brings its own")
    try:
        with open_client(store) as client:
            facts = client.info()
    except redis.AuthenticationError:
        return fault("store", "it refuses the password", "set MMGT_STORE__URL")
    except redis.RedisError as error:
        if "MMGT_STORE__URL" not in os.environ:
            return well("store", f"that of {settings.data} does not run; `mmgt serve` starts it")
        return fault("store", f"it does not answer: {error}", "start it, or set MMGT_STORE__URL")
    if facts["maxmemory_policy"] != "noeviction":
        says = f"its maxmemory-policy is {facts['maxmemory_policy']}: it may throw jobs away"
        return fault("store", says, "set maxmemory-policy noeviction")
    if facts["aof_enabled"] and facts["aof_last_write_status"] != "ok":
        return fault("store", "its last write to disk failed", "make room on its disk")
    version = f"{facts.get('server_name', 'redis')} {facts.get('valkey_version', facts['redis_version'])}"
    if not facts["aof_enabled"]:
        return note("store", f"{version} answers; jobs are lost when it ends", "set appendonly yes, appendfsync always")
    return well("store", f"{version} answers and writes every change to disk")


def look_at_storage(settings: Settings) -> Finding:
    """Whether objects can be written: a folder, or a bucket with these credentials."""
    storage = settings.storage
    if storage.kind == "local":
        if not settings.objects_folder.is_dir():
            return well("storage", f"{settings.objects_folder} is made at the first start")
        where, do = str(settings.objects_folder), "make it writable for this user"
    else:
        where, do = f"bucket {storage.bucket} at {storage.endpoint_url}", "compare MMGT_STORAGE__… with the store's own"
    quick = storage.model_copy(update={"connect_timeout_s": 1.0, "read_timeout_s": _ANSWER_S, "patience_s": 0.0})
    try:
        open_storage(settings.model_copy(update={"storage": quick})).check()
    except (JobsError, OSError) as error:
        return fault("storage", f"{where}: {error}", do)
    return well("storage", where)


def look_at_clock(settings: Settings, store: StoreSettings | None, now_s: Callable[[], float] = time.time) -> Finding:
    """Whether this machine's clock agrees with the store's and the S3 store's, as far as they answer."""
    skews = {}
    if store is not None:
        try:
            with open_client(store) as client:
                seconds, microseconds = client.time()
            skews["the store's"] = now_s() - seconds - microseconds / 1e6
        except redis.RedisError:
            pass  # its own line says so
    if settings.storage.kind == "s3" and settings.storage.endpoint_url:
        try:
            answer = httpx.head(settings.storage.endpoint_url, timeout=_ANSWER_S, trust_env=False)
            skews["the S3 store's"] = now_s() - parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (httpx.HTTPError, KeyError, ValueError):
            pass  # a store need not say the time
    if not skews:
        return well("clock", "nothing answers that it could be compared with")
    whose, skew_s = max(skews.items(), key=lambda item: abs(item[1]))
    if abs(skew_s) > MAX_SKEW_S:
        way = "ahead of" if skew_s > 0 else "behind"
        return fault(
            "clock", f"{abs(skew_s):.0f} s {way} {whose}; {MAX_SKEW_S:g} s are borne", "let NTP set both clocks"
        )
    return well("clock", f"within {max(1, round(abs(skew_s)))} s of {whose}")

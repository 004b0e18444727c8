"""Who calls: API keys of `MMGT_API_KEYS` and of the store, and the rules of a server that has no key at all."""

import hmac
import ipaddress
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request

from api.errors import RequestRefused
from api.rate_limit import RateLimiter
from jobs.keys import hash_api_key
from jobs.logging import logger
from jobs.settings import Settings
from jobs.store import AsyncJobStore
from jobs.verbs.registry import Scope

log = logger(__name__)

MAX_KEY_CHARS = 512
MAX_CACHED_KEYS = 1000
FORWARDING_HEADERS = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip",
)  # fmt: skip


@dataclass(frozen=True)
class Identity:
    """Whose request it is, and what it may do."""

    tenant: str
    scope: Scope

    @property
    def is_operator(self) -> bool:
        """True for who may see the service as a whole."""
        return self.scope is Scope.OPERATOR


class Authenticator:
    """Looks keys up, remembers each answer for `cache_s`, and knows whether the server is open."""

    def __init__(self, settings: Settings, store: AsyncJobStore, limiter: RateLimiter) -> None:
        self._settings, self._store, self._limiter = settings, store, limiter
        self._known: dict[str, tuple[float, Identity | None]] = {}
        self._any_key: tuple[float, bool] | None = None
        self._has_told_open = False

    async def identify(self, request: Request) -> Identity:
        """Return the caller.

        Raises:
            RequestRefused: 401, or 403 by the rules of a keyless server, or 429 after many failed attempts.
            StoreUnavailable
        """
        if await self.is_open():
            refuse_what_a_browser_was_tricked_into(request)
            return Identity(self._settings.default_tenant, Scope.OPERATOR)
        key = bearer_key(request)
        if key is None:
            raise RequestRefused("missing_api_key", "send Authorization: Bearer with an API key")
        identity = await self._identity_of(hash_api_key(key))
        if identity is None:
            await self._limiter.count_failed_login(request.client.host if request.client else "")
            raise RequestRefused("invalid_api_key", "the API key is unknown or revoked")
        return identity

    async def is_open(self) -> bool:
        """Say whether anybody may call: no key exists, and only this machine can reach the server."""
        if self._settings.api_keys or not is_loopback_name(self._settings.host):
            return False
        now_s = time.monotonic()
        if self._any_key is None or now_s - self._any_key[0] > self._settings.auth.cache_s:
            self._any_key = (now_s, await self._store.has_api_keys())
        is_open = not self._any_key[1]
        if is_open and not self._has_told_open:
            self._has_told_open = True
            log.warning("server_is_open", reason="no API key exists; every process on this machine may call")
        return is_open

    async def _identity_of(self, sha256: str) -> Identity | None:
        for key in self._settings.api_keys:
            if hmac.compare_digest(key.sha256, sha256):
                return Identity(key.tenant, key.scope)
        now_s = time.monotonic()
        known = self._known.get(sha256)
        if known is None or now_s - known[0] > self._settings.auth.cache_s:
            if len(self._known) >= MAX_CACHED_KEYS:
                self._known.clear()
            known = self._known[sha256] = (now_s, await self._look_up(sha256))
        return known[1]

    async def _look_up(self, sha256: str) -> Identity | None:
        found = await self._store.find_api_key(sha256)
        if found is None or found.revoked_at_ms is not None or not hmac.compare_digest(found.sha256, sha256):
            return None
        return Identity(found.tenant, found.scope)


def bearer_key(request: Request) -> str | None:
    """Return the key that the request carries, None if it carries none."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    return key if kind.lower() == "bearer" and 0 < len(key) <= MAX_KEY_CHARS else None


def refuse_what_a_browser_was_tricked_into(request: Request) -> None:
    """Check a request to a keyless server: whoever reaches it may do all, so a web page must not.

    Raises:
        RequestRefused: 403, or 401 for what came through a proxy.
    """
    headers = request.headers
    forwarded = [name for name in FORWARDING_HEADERS if name in headers]
    if forwarded:
        raise RequestRefused("missing_api_key", f"a forwarded request ({forwarded[0]}) needs an API key")
    host = headers.get("host", "")
    if not is_loopback_name(host_name(host)):
        raise RequestRefused("foreign_host", "a server without keys answers only to a loopback name in Host")
    if headers.get("sec-fetch-site", "").lower() == "cross-site":
        raise RequestRefused("cross_site_request", "a server without keys refuses cross-site requests")
    origin = headers.get("origin")
    if origin is not None and network_location(origin) != host.lower():
        raise RequestRefused("cross_site_request", "a server without keys refuses requests of another origin")


def network_location(origin: str) -> str:
    """Return the host and port of an Origin header; empty if it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback_name(name: str) -> bool:
    """Say whether a host name or address can only mean this machine."""
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

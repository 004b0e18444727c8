"""How a create came: its idempotency key, whether an SDK tries again by itself, and what it is traced by."""

import re
import secrets
import time
from dataclasses import dataclass

from fastapi import Request

from api.errors import RequestRefused

CREATE_ROUTE, REMIX_ROUTE = "videos", "remix"  # scopes of idempotency keys
MAX_KEY_CHARS = 255
KEY = re.compile(f"[!-~]{{1,{MAX_KEY_CHARS}}}")
MAX_RETRY_DIGITS = 9
WHOLE_NUMBER = re.compile(r"\d+", re.ASCII)


@dataclass(frozen=True)
class CreateCall:
    """How a create came.

    Attributes:
        idempotency_key: as sent.
        is_retry: an SDK's silent retry, without a key.
        request_id, traceparent: for logs, webhooks and the manifest.
        owner: unique to this request: a client may send its request id twice.
        began_at_s: on the monotonic clock.
        route: scope of the idempotency key.
    """

    idempotency_key: str | None
    is_retry: bool
    request_id: str
    traceparent: str
    owner: str
    began_at_s: float
    route: str = CREATE_ROUTE


def read_call(request: Request, route: str = CREATE_ROUTE) -> CreateCall:
    """Read a create's headers.

    Raises:
        RequestRefused: 400.
    """
    key = request.headers.get("idempotency-key")
    if key is not None and KEY.fullmatch(key) is None:
        detail = f"Idempotency-Key has {len(key)} characters; it may have 1 to {MAX_KEY_CHARS} of ! to ~"
        raise RequestRefused("invalid_idempotency_key", detail)
    retries = request.headers.get("x-stainless-retry-count", "0")
    if len(retries) > MAX_RETRY_DIGITS:
        detail = f"x-stainless-retry-count has {len(retries)} characters; it may have {MAX_RETRY_DIGITS}"
        raise RequestRefused("malformed_request", detail, param="x-stainless-retry-count")
    is_retry = key is None and WHOLE_NUMBER.fullmatch(retries) is not None and int(retries) > 0
    state = request.state
    owner = secrets.token_hex(16)
    return CreateCall(key, is_retry, state.request_id, state.traceparent, owner, time.monotonic(), route)

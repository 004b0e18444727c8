"""API keys and webhook secrets: how they are made, and how a key is known again by its hash."""

import base64
import secrets
from hashlib import sha256

from jobs.verbs.registry import ApiKey, Scope

SECRET_BYTES = 32
SHOWN_LETTERS = 6


def new_api_key(tenant: str, scope: Scope, prefix: str) -> tuple[str, ApiKey]:
    """Return a new 256-bit key as text, told once, and the record of it that is stored."""
    text = prefix + secrets.token_urlsafe(SECRET_BYTES)
    key_id = f"key_{secrets.token_hex(8)}"
    return text, ApiKey(key_id, tenant, scope, hash_api_key(text), text[: len(prefix) + SHOWN_LETTERS])


def hash_api_key(text: str) -> str:
    """Return the SHA-256 of a key in hex: enough for 256 random bits, which nobody can guess."""
    return sha256(text.encode()).hexdigest()


def new_webhook_secret() -> str:
    """Return a new Standard-Webhooks secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

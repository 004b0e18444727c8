"""A health check for containers that have no curl: `python -m deploy.probe URL` ends with 0 if it answers with 2xx."""

import sys

import httpx

_TIMEOUT_S = 4.0


def is_healthy(url: str) -> bool:
    """Whether the address answers with success in time."""
    try:
        return httpx.get(url, timeout=_TIMEOUT_S, trust_env=False).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(sys.argv[1]) else 1)

"""One store for this folder, restarted by nobody; each test has its own key prefix, broker and data folder."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.integration.valkey import ValkeyServer
from tests.integration.worker.service import Service, running_service

_databases = count(0, 2)


@pytest.fixture
def store_url(valkey: ValkeyServer) -> str:
    """An own database for the store, and the next one for the broker."""
    return valkey.url.removesuffix("/0") + f"/{next(_databases) % 16}"


@pytest.fixture
def service(tmp_path: Path, store_url: str) -> Iterator[Service]:
    with running_service(tmp_path / "data", store_url) as running:
        yield running

"""Real servers for tests: one Valkey per session; each test has its own keys in it."""

from collections.abc import Iterator

import pytest

from jobs.settings import StoreSettings
from jobs.store import JobStore
from tests.integration.valkey import ValkeyServer


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def store_settings(valkey: ValkeyServer, request: pytest.FixtureRequest) -> StoreSettings:
    return StoreSettings.model_validate({"url": valkey.url, "key_prefix": f"{request.node.nodeid}:"})


@pytest.fixture
def store(store_settings: StoreSettings) -> Iterator[JobStore]:
    client = JobStore(store_settings)
    yield client
    client.close()

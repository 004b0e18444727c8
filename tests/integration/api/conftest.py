"""A real app over a real Valkey and a folder of objects, and the worker's side of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jobs.settings import Settings, StoreSettings
from jobs.storage import ObjectStorage
from jobs.storage_choice import open_storage
from jobs.store import JobStore
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import ServedApp, settings_for


@pytest.fixture
def settings(store_settings: StoreSettings, tmp_path: Path) -> Settings:
    return settings_for(store_settings, tmp_path)


@pytest.fixture
def storage(settings: Settings) -> ObjectStorage:
    return open_storage(settings)


@pytest.fixture
def worker(store: JobStore, storage: ObjectStorage) -> ScriptedWorker:
    return ScriptedWorker(store, storage)


@pytest.fixture
def served(settings: Settings) -> Iterator[ServedApp]:
    app = ServedApp(settings)
    app.start()
    yield app
    app.stop()


@pytest.fixture
def alice(served: ServedApp) -> httpx.Client:
    return served.client("alice")


@pytest.fixture
def bob(served: ServedApp) -> httpx.Client:
    return served.client("bob")

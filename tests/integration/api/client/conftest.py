"""Clients of the running service, of both kinds: each law is tried with both."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

import mmgt
from tests.integration.api.client.clients import AnyClient, Awaited, Making
from tests.integration.api.client.player import Player
from tests.integration.api.client.typescript import PACKAGE, npm
from tests.integration.api.scripted_worker import ScriptedWorker
from tests.integration.api.served import KEYS, ServedApp

KINDS = ("blocking", "awaited")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many tries and the same steps, without the seconds between."""
    monkeypatch.setattr("mmgt.patience.FIRST_PAUSE_S", 0.01)


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, served: ServedApp) -> Iterator[Making]:
    """Makes clients of alice; another address or key where they are given."""
    made: list[Any] = []

    def blocking(url: str = served.url, key: str = KEYS["alice"], **options: Any) -> mmgt.Client:
        made.append(mmgt.Client(url, key, **options))
        return made[-1]

    if request.param == "blocking":
        yield blocking
        for each in made:
            each.close()
        return
    with start_blocking_portal() as portal:

        def awaited(url: str = served.url, key: str = KEYS["alice"], **options: Any) -> Awaited:
            made.append(Awaited(portal, mmgt.AsyncClient(url, key, **options)))
            return made[-1]

        yield awaited
        for each in made:
            each.close()


@pytest.fixture
def client(make: Making, worker: ScriptedWorker) -> AnyClient:
    worker.heartbeat()
    return make()


@pytest.fixture
def player(worker: ScriptedWorker) -> Iterator[Player]:
    """Takes every job for as long as the test lasts."""
    worker.heartbeat()
    playing = Player(worker)
    playing.start()
    yield playing
    playing.stop()


@pytest.fixture(scope="module")
def package() -> Path:
    """The package, with what it needs, built."""
    if shutil.which("npm") is None:
        pytest.skip("no Node here")
    if not (PACKAGE / "node_modules").is_dir():
        npm("ci", "--no-audit", "--no-fund")
    npm("run", "build")
    return PACKAGE

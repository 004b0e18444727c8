"""How often each fault is made (`--fault-count`), when (a seeded generator), upon what (one Valkey); the figures."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count

import pytest

from jobs.settings import StoreSettings
from jobs.store import JobStore
from tests.fault.fault_service import FaultService
from tests.fault.figures import FILE, Figures
from tests.integration.valkey import ValkeyServer

SHORT_COUNT = 2
Make = Callable[..., FaultService]
_databases = count(0, 2)
_figures = Figures()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-count", type=int, default=0, help="repetitions of each fault; 0: the short form")


def long_count(config: pytest.Config) -> int:
    count = config.getoption("fault_count", default=0)
    return int(count or 0)


@pytest.fixture(scope="session")
def fault_count(pytestconfig: pytest.Config) -> int:
    return long_count(pytestconfig) or SHORT_COUNT


@pytest.fixture
def only_at_length(pytestconfig: pytest.Config) -> None:
    if not long_count(pytestconfig):
        pytest.skip("its short form stands in tests/integration, or it takes minutes: make fault N=20")


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Moments of faults: other ones for each test, the same ones each time."""
    return random.Random(request.node.name)


@pytest.fixture(scope="session")
def figures() -> Figures:
    return _figures


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def store_settings(valkey: ValkeyServer, request: pytest.FixtureRequest) -> StoreSettings:
    url = valkey.url.removesuffix("/0") + "/14"
    return StoreSettings.model_validate({"url": url, "key_prefix": f"{request.node.nodeid}:"})


@pytest.fixture
def store(store_settings: StoreSettings) -> Iterator[JobStore]:
    client = JobStore(store_settings)
    yield client
    client.close()


@pytest.fixture(scope="module")
def make_service(valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Start a service with some settings; it ends with the module."""
    with ExitStack() as stack:

        def make(**settings: str) -> FaultService:
            url = valkey.url.removesuffix("/0") + f"/{next(_databases)}"
            service = FaultService(tmp_path_factory.mktemp("service"), url, **settings)
            return stack.enter_context(closing(service))

        yield make


@pytest.fixture(scope="module")
def service(make_service: Make) -> FaultService:
    return make_service()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if long_count(config) and _figures.rows:
        _figures.save()
        terminalreporter.write_line(f"figures in {FILE}:")
        for line in _figures.lines():
            terminalreporter.write_line(line)

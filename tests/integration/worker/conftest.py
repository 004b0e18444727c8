"""One store for this folder; each service has its own databases in it, one for jobs and the next for messages."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from tests.integration.valkey import ValkeyServer
from tests.integration.worker.service import Service, running_service

Make = Callable[..., Service]
_databases = count(0, 2)  # a server has sixteen


@pytest.fixture(scope="module")
def make_service(valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Start a service with some settings; it ends with the module."""
    with ExitStack() as stack:

        def make(**settings: str) -> Service:
            url = valkey.url.removesuffix("/0") + f"/{next(_databases)}"
            return stack.enter_context(running_service(tmp_path_factory.mktemp("service"), url, **settings))

        yield make


@pytest.fixture(scope="module")
def service(make_service: Make) -> Service:
    """Shared by a module's tests; each makes jobs of its own."""
    return make_service()

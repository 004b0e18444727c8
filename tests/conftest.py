"""What no test may touch: data and cache of the user who runs them."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_user_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Identities are made, and hashes remembered, below folders of this run; child processes inherit them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("user-data")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user-cache")))
        yield

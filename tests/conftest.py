"""What no test may touch, data and cache of the user who runs them; and what becomes of a test whose process died."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_user_data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Identities are made, and hashes remembered, below folders of this run; child processes inherit them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("user-data")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user-cache")))
        yield


_taken_down: set[str] = set()


def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport) -> None:
    """Tell a test's first death with its process as skipped: xdist runs it once more, and a second one fails.

    Codecs have been seen to hang, rarely, while they hold the GIL; faulthandler then ends the process and writes the
    stacks to standard error.
    """
    if crashitem not in _taken_down:
        _taken_down.add(crashitem)
        report.outcome = "skipped"
        report.longrepr = (crashitem, 0, f"{report.longrepr}; it is run once more")

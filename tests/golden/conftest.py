"""Where the recorded numbers lie: a subset in this repository, the whole beside it."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = (HERE.parents[2] / "shared" / "golden", HERE / "data")


@pytest.fixture
def golden_dir(request: pytest.FixtureRequest) -> Path:
    """The first folder that holds every file that the test's `golden_files` marker argument names."""
    marker = request.node.get_closest_marker("golden")
    needed = marker.args if marker else ()
    for folder in FOLDERS:
        if all((folder / name).exists() for name in needed):
            return folder
    pytest.skip(f"golden files not found beside the repository nor in tests/golden/data: {', '.join(needed)}")

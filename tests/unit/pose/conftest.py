"""The default detector, whose networks are opened once."""

import pytest

from mmgt_core.pose.landmarks import LandmarkDetector


@pytest.fixture(scope="session")
def detector() -> LandmarkDetector:
    return LandmarkDetector()

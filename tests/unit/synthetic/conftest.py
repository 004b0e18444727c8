"""A few clips, made once."""

import pytest

from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip


@pytest.fixture(scope="session")
def clips() -> list[SyntheticClip]:
    """Different people, languages and lengths."""
    return [synthetic_clip(seed) for seed in range(12)]

"""The hub that the download tests pull from."""

from collections.abc import Iterator

import pytest
from huggingface_hub import constants

from tests.unit.checkpoints.model_hub import ModelHub, serving
from tests.unit.checkpoints.small_repositories import small_repositories


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # a test machine may have switched its client off
    with serving(ModelHub(small_repositories())) as hub:
        yield hub

"""Laws of a look at inputs whose text nobody has spoken yet: an estimate stands for the speech, and only for that."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.integration.generate.command import PORTRAIT, film_of
from worker.inspection import Question, inspect

WARNED_OF_ESTIMATES = {"lengths_differ"}


def look(unspoken_s: float | None, **files: Path) -> dict[str, Any]:
    named = {"image": PORTRAIT, **files}
    question = Question(
        files={name: str(path) for name, path in named.items()}, unspoken_s=unspoken_s, limits={}, weights="nowhere"
    )
    return inspect(question, lambda line: None)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the portrait, mute."""
    picture = np.array(Image.open(PORTRAIT).convert("RGB"))
    return film_of([picture] * 50, tmp_path_factory.mktemp("film") / "driving.mp4")


def test_an_image_alone_is_looked_at_and_the_estimate_gives_the_length() -> None:
    seen = look(4.83)

    assert seen["findings"] == []
    assert (seen["seconds"], seen["num_frames"], seen["segments"]) == (4.84, 121, 3)


def test_without_an_estimate_speech_is_missing() -> None:
    assert [each["param"] for each in look(None)["findings"]] == ["audio"]


def test_beside_a_mute_driving_video_a_text_is_the_sound_and_an_estimate_that_differs_is_no_warning(film: Path) -> None:
    seen = look(4.83, driving_video=film)

    assert seen["findings"] == []
    assert (seen["seconds"], seen["segments"]) == (2.0, 1)  # whose lips are stage 1's
    assert not WARNED_OF_ESTIMATES & {each["code"] for each in seen["warnings"]}


def test_a_mute_driving_video_alone_is_a_finding_of_its_own(film: Path) -> None:
    assert [each["param"] for each in look(None, driving_video=film)["findings"]] == ["driving_video"]

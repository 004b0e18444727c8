"""A preset that has only seen drawn presenters says so of a photograph."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.config import MMGT_512, MMGT_DEMO, Preset
from mmgt_core.pipelines.inputs import Inputs, warned_of_photographs
from mmgt_core.pose.detector import DetectedPerson
from mmgt_core.pose.framing import CropChoice, SquareFrame
from mmgt_core.pose.initial_pose import find_initial_pose
from mmgt_core.types import Waveform
from tests.unit.pose.figures import figure

TRAINED = replace(MMGT_DEMO, is_trained=True)
KEYPOINTS = np.column_stack([np.linspace(150, 350, 134), np.linspace(150, 350, 134), np.ones(134)]).astype(np.float32)


def inputs(is_drawn: bool) -> Inputs:
    picture, speech = np.zeros((512, 512, 3), np.uint8), Waveform(np.zeros(640, np.float32))
    return Inputs(picture, SquareFrame(0, 0, 512), KEYPOINTS, speech, Path("speech.wav"), None, (), is_drawn)


def test_a_photograph_is_warned_of_by_a_preset_that_only_draws() -> None:
    (warning,) = warned_of_photographs(inputs(is_drawn=False), TRAINED).warnings

    assert warning.code == "photograph"
    assert "mmgt-demo draws presenters only" in warning.message


@pytest.mark.parametrize(
    ("preset", "is_drawn"), [(TRAINED, True), (MMGT_512, False), (replace(MMGT_DEMO, is_trained=False), False)]
)
def test_nothing_is_said_of_a_drawing_nor_by_other_presets(preset: Preset, is_drawn: bool) -> None:
    assert warned_of_photographs(inputs(is_drawn), preset).warnings == ()


@pytest.mark.parametrize("is_drawn", [True, False])
def test_the_initial_pose_remembers_whether_it_is_of_a_drawing(is_drawn: bool) -> None:
    class Sees:
        def detect(self, image: np.ndarray) -> list[DetectedPerson]:
            return [replace(figure(256, 200, 150), is_drawn=is_drawn)]

    found = find_initial_pose(np.zeros((512, 512, 3), np.uint8), Sees(), CropChoice.auto())

    assert found.is_drawn is is_drawn

"""A video that repeats does not jump: its last frames dissolve into the first."""

import numpy as np
import pytest

from mmgt_core.finishing.loop_seam import dissolved_into_first
from mmgt_core.types import RenderedFrame

KEYPOINTS = np.zeros((134, 3), np.float32)


def made_of(*levels: int) -> list[int]:
    frames = (RenderedFrame(np.full((4, 4, 3), level, np.uint8), KEYPOINTS) for level in levels)
    return [int(frame.image[0, 0, 0]) for frame in dissolved_into_first(frames)]


def test_the_last_frames_come_to_the_first_evenly_and_the_others_stay() -> None:
    assert made_of(*[200] * 3, *[110] * 17) == [200] * 3 + [110] * 9 + [120, 130, 140, 150, 160, 170, 180, 190]


@pytest.mark.parametrize("levels", [(), (7,), (7, 7), tuple([9] * 30)])
def test_frames_that_are_alike_stay_as_they_are(levels: tuple[int, ...]) -> None:
    assert made_of(*levels) == list(levels)

"""Laws of the motion-diversity heat map."""

import numpy as np
import pytest
from PIL import Image

from mmgt_core.metrics.heat_map import MotionHeat, draw_heat_maps
from tests.unit.metrics.clips import pictures


def test_heat_is_where_something_moves_and_its_number_is_the_change() -> None:
    frames = np.zeros((5, 8, 8, 3), np.uint8)
    frames[1::2, :4] = 51
    heat = MotionHeat()

    heat.add(frames)

    np.testing.assert_allclose(heat.heat()[:4], 20, rtol=1e-4)
    np.testing.assert_allclose(heat.heat()[4:], 0)


def test_heat_of_blocks_is_the_heat_of_the_whole() -> None:
    frames = pictures(20, 16, 0)
    whole, parts = MotionHeat(), MotionHeat()

    whole.add(frames)
    parts.add(frames[:7])
    parts.add(frames[7:])

    np.testing.assert_allclose(parts.heat(), whole.heat(), rtol=1e-4)


def test_no_frames_have_no_heat() -> None:
    with pytest.raises(ValueError, match="no frames"):
        MotionHeat().heat()


def test_a_still_map_is_drawn_beside_a_moving_one(tmp_path) -> None:
    path = tmp_path / "heat.png"

    draw_heat_maps(path, ("still", "moving"), (np.zeros((8, 8), np.float32), np.eye(8, dtype=np.float32)))

    assert Image.open(path).width > 2 * Image.open(path).height * 0.8

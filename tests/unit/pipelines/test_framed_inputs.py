"""A photograph that is used turned upright is framed upright, its square where the person is."""

import numpy as np
import pytest

from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.inputs import _surroundings
from mmgt_core.pose.framing import SquareFrame, crop_image
from mmgt_core.pose.initial_pose import InitialPose, turned_right
from mmgt_core.whole_picture.framing import Framing
from tests.unit.pose.figures import figure


@pytest.mark.parametrize("num_quarters", range(4))
def test_the_square_of_a_turned_photograph_lies_where_it_was_cut_out(num_quarters: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (400, 620, 3), np.uint8)
    upright = np.ascontiguousarray(np.rot90(image, num_quarters))
    square = SquareFrame(30, 70, 300)
    in_source = turned_right(square, (upright.shape[0], upright.shape[1]), num_quarters)
    seen = InitialPose(
        crop_image(upright, square), figure(256, 200, 150).keypoints, in_source, (), is_drawn=False,
        num_quarters=num_quarters,
    )  # fmt: skip

    around = _surroundings(image, seen, Framing.PHOTO, MediaLimits())

    assert around is not None
    assert np.array_equal(around.picture, upright)
    assert (around.place.x, around.place.y, around.place.width) == (square.x, square.y, square.side)

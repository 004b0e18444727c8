"""Laws of framings: a rectangle of its shape, as large as the photograph allows, around the person, inside it."""

import numpy as np
import pytest

from mmgt_core.pose.framing import Box, SquareFrame
from mmgt_core.whole_picture.framing import Framing, Rectangle, chosen_rectangle
from mmgt_core.whole_picture.surroundings import size_and_place, surroundings_of

LANDSCAPE, PORTRAIT = (900, 1600), (1280, 720)
HEAD = (300.0, 200.0, 400.0, 320.0)
RECTANGLES = [framing for framing in Framing if framing.shape is not None]


@pytest.mark.parametrize("framing", RECTANGLES)
@pytest.mark.parametrize("image_size", [LANDSCAPE, PORTRAIT, (512, 512)])
@pytest.mark.parametrize("square", [SquareFrame(0, 0, 300), SquareFrame(200, 150, 400), SquareFrame(-40, -60, 700)])
def test_a_rectangle_has_its_shape_lies_inside_and_touches_two_edges(
    framing: Framing, image_size: tuple[int, int], square: SquareFrame
) -> None:
    height, width = image_size

    shown = chosen_rectangle(image_size, square, HEAD, framing)

    assert abs(shown.width - shown.height * framing.shape) <= 1
    assert shown.x >= 0
    assert shown.y >= 0
    assert shown.x + shown.width <= width
    assert shown.y + shown.height <= height
    assert shown.width == width or shown.height == height


def test_a_longer_side_holds_the_square_in_its_middle_as_far_as_the_photograph_reaches() -> None:
    for square, x in ((SquareFrame(700, 100, 300), 400), (SquareFrame(1300, 100, 300), 700)):
        assert chosen_rectangle(LANDSCAPE, square, HEAD, Framing.EVEN) == Rectangle(x, 0, 900, 900)


def test_a_narrower_rectangle_has_the_head_in_its_middle() -> None:
    head = (900.0, 150.0, 1000.0, 300.0)

    assert chosen_rectangle(LANDSCAPE, SquareFrame(500, 100, 700), head, Framing.TALL) == Rectangle(697, 0, 506, 900)


@pytest.mark.parametrize(
    ("head", "y"),
    [
        ((300.0, 240.0, 400.0, 400.0), 200),  # the square's own air is enough
        ((300.0, 400.0, 420.0, 600.0), 318),  # deep in the square
        ((100.0, 300.0, 600.0, 800.0), 338),  # larger than the rectangle: its middle
    ],
)
def test_a_lower_rectangle_shows_the_whole_head(head: Box, y: int) -> None:
    shown = chosen_rectangle(PORTRAIT, SquareFrame(10, 200, 700), head, Framing.WIDE)

    assert shown == Rectangle(0, y, 720, 405)


def test_a_photograph_within_the_limit_keeps_its_own_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (301, 403, 3), np.uint8)

    around = surroundings_of(image, SquareFrame(51, 21, 256), HEAD, Framing.PHOTO, 1920)

    assert np.array_equal(around.picture, image[:300, :402])
    assert (around.place.x, around.place.y, around.place.width, around.place.height) == (51, 21, 256, 256)


def test_a_larger_one_is_made_smaller_and_its_square_with_it() -> None:
    size, place = size_and_place((2160, 3840), SquareFrame(842, 0, 2160), HEAD, Framing.PHOTO, 1920)

    assert size == (1920, 1080)
    assert (place.x, place.y, place.width, place.height) == (421, 0, 1080, 1080)


@pytest.mark.parametrize("max_side_px", [512, 777, 1920])
@pytest.mark.parametrize("framing", [framing for framing in Framing if framing is not Framing.SQUARE])
def test_a_video_is_even_and_no_longer_than_the_limit(framing: Framing, max_side_px: int) -> None:
    image = np.zeros((1333, 1999, 3), np.uint8)

    around = surroundings_of(image, SquareFrame(600, 200, 801), HEAD, framing, max_side_px)

    width, height = around.size
    assert (width % 2, height % 2) == (0, 0)
    assert max(around.size) <= max_side_px
    assert around.size == size_and_place((1333, 1999), SquareFrame(600, 200, 801), HEAD, framing, max_side_px)[0]


@pytest.mark.parametrize("framing", [framing for framing in Framing if framing is not Framing.SQUARE])
@pytest.mark.parametrize("square", [SquareFrame(700, 100, 300), SquareFrame(40, 330, 400)])
def test_a_square_lies_in_the_picture_where_it_was_cut_out_of_the_photograph(
    framing: Framing, square: SquareFrame
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (900, 1600, 3), np.uint8)

    around = surroundings_of(image, square, HEAD, framing, 1920)

    x, y = int(around.place.x), int(around.place.y)
    width, height = around.size
    x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + square.side), min(height, y + square.side)
    own = image[square.y + y0 - y : square.y + y1 - y, square.x + x0 - x : square.x + x1 - x]
    assert (around.place.width, around.place.height) == (square.side, square.side)
    assert x1 - x0 > 100
    assert np.array_equal(around.picture[y0:y1, x0:x1], own)

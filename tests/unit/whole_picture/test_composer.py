"""Laws of the whole picture: the photograph stays where nothing moves, what moves is shown, and no seam is seen."""

import cv2
import numpy as np
import pytest

from mmgt_core.keypoints import Float32Array
from mmgt_core.media.film_streams import bt709_frame, shown
from mmgt_core.pose.framing import SquareFrame, crop_image
from mmgt_core.types import UInt8Array
from mmgt_core.whole_picture.composer import Composer
from mmgt_core.whole_picture.framing import Framing
from mmgt_core.whole_picture.planes import planes_of
from mmgt_core.whole_picture.surroundings import Surroundings, surroundings_of

HEIGHT, WIDTH, RESOLUTION = 360, 480, 128
HEAD = (200.0, 100.0, 260.0, 180.0)


@pytest.fixture(scope="module")
def photograph() -> UInt8Array:
    """Shapes of all sizes, and grain."""
    rng = np.random.default_rng(3)
    layers = [
        cv2.resize(rng.normal(0, 1, (cells, cells, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        for cells in (3, 9, 40, 200)
    ]
    seen = 128 + sum(weight * layer for weight, layer in zip((35, 15, 8, 5), layers, strict=True))
    return seen.clip(0, 255).astype(np.uint8)


def around(photograph: UInt8Array, square: SquareFrame) -> tuple[Surroundings, UInt8Array]:
    portrait = crop_image(photograph, square, RESOLUTION)
    return surroundings_of(photograph, square, HEAD, Framing.PHOTO, 1920), portrait


def levels(frame: object) -> Float32Array:
    return planes_of(frame)[0].astype(np.float32)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "square",
    [SquareFrame(100, 40, 260), SquareFrame(101, 41, 259), SquareFrame(-60, 20, 300), SquareFrame(200, 100, 400)],
)
def test_outside_of_the_square_the_film_is_the_photographs_own(photograph: UInt8Array, square: SquareFrame) -> None:
    surroundings, portrait = around(photograph, square)
    film = Composer(surroundings, portrait)
    anything = np.random.default_rng(0).integers(0, 256, portrait.shape, np.uint8)

    made, own = planes_of(film.frame(anything)), planes_of(bt709_frame(surroundings.picture))

    for plane, (before, after) in enumerate(zip(own, made, strict=True)):
        step = 1 if plane == 0 else 2
        outside = np.ones(before.shape, bool)
        rows, columns = (
            slice(max(0, start) // step, -(-(start + square.side) // step)) for start in (square.y, square.x)
        )
        outside[rows, columns] = False
        assert np.array_equal(before[outside], after[outside])
        assert (before[rows, columns] != after[rows, columns]).any()


@pytest.mark.parametrize("resolution", [128, 512])
def test_a_square_that_shows_the_portrait_leaves_the_photograph_alone(photograph: UInt8Array, resolution: int) -> None:
    square = SquareFrame(101, 41, 259)
    surroundings = surroundings_of(photograph, square, HEAD, Framing.PHOTO, 1920)
    portrait = crop_image(photograph, square, resolution)

    made = planes_of(Composer(surroundings, portrait).frame(portrait))

    assert all(map(np.array_equal, made, planes_of(bt709_frame(surroundings.picture))))


def test_what_moves_stands_where_the_square_has_it_and_nothing_of_the_photograph_through_it(
    photograph: UInt8Array,
) -> None:
    square = SquareFrame(100, 40, 256)
    surroundings, portrait = around(photograph, square)
    frame = portrait.copy()
    frame[50:90, 40:80] = (200, 60, 60)

    made = shown(Composer(surroundings, portrait).frame(frame))

    middle = made[40 + 110 : 40 + 170, 100 + 90 : 100 + 150].astype(int)
    assert np.abs(middle - (200, 60, 60)).max() <= 4


def steepness(luma: Float32Array) -> float:
    """Of the four seams of a square at (100, 40, 260), in units of the lines beside them."""
    across, down = np.abs(np.diff(luma, axis=1)).mean(axis=0), np.abs(np.diff(luma, axis=0)).mean(axis=1)
    ratios = []
    for steps, edge in ((across, 100), (across, 360), (down, 40), (down, 300)):
        ratios.append(steps[edge - 1] / np.delete(steps[edge - 4 : edge + 3], 3).mean())
    return float(np.mean(ratios))


def test_a_seam_is_no_steeper_than_what_lies_beside_it(photograph: UInt8Array) -> None:
    surroundings, portrait = around(photograph, SquareFrame(100, 40, 260))
    darker = (portrait.astype(np.float32) * 0.9 - 4).clip(0, 255).astype(np.uint8)  # as a network's colours are off
    pasted = surroundings.picture.copy()
    pasted[40:300, 100:360] = cv2.resize(darker, (260, 260), interpolation=cv2.INTER_CUBIC)

    seen = levels(Composer(surroundings, portrait).frame(darker))

    assert steepness(seen) <= 1.2
    assert steepness(levels(bt709_frame(pasted))) > 3


def test_a_colour_that_is_off_along_the_seam_is_put_right_there(photograph: UInt8Array) -> None:
    square = SquareFrame(100, 40, 260)
    surroundings, portrait = around(photograph, square)
    off = (portrait + np.float32([6, -5, 4])).clip(0, 255).astype(np.uint8)

    own = shown(bt709_frame(surroundings.picture)).astype(np.float32)
    error = shown(Composer(surroundings, portrait).frame(off)).astype(np.float32) - own

    near = error[70:270, 118:126].mean(axis=(0, 1))  # where the square is shown whole, beside its left seam
    assert np.abs(near).max() < 2

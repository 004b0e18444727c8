"""Laws of what may stand behind a person: what a word means, and how a picture fills a video."""

import numpy as np
import pytest

from mmgt_core.backdrop.backdrop import IMAGE, Backdrop, asked_backdrop, of_image


def test_keep_is_no_backdrop() -> None:
    assert asked_backdrop("keep") is None


@pytest.mark.parametrize(("asked", "colour"), [("#2e6F95", (46, 111, 149)), ("transparent", (255, 255, 255))])
def test_a_colour_fills_the_video_and_transparent_has_white_beside_it(asked: str, colour: tuple[int, ...]) -> None:
    backdrop = asked_backdrop(asked)

    assert backdrop is not None
    assert backdrop.name == asked.lower()
    assert backdrop.filling(6, 4).shape == (4, 6, 3)
    assert (backdrop.filling(6, 4) == colour).all()


@pytest.mark.parametrize("asked", ["", "green", "#12345", "#1234567", "#12345g", "TRANSPARENT", "#123456\n"])
def test_another_word_is_refused_with_what_came_and_what_may_come(asked: str) -> None:
    with pytest.raises(ValueError, match="must be keep, transparent or #rrggbb") as refused:
        asked_backdrop(asked)

    assert repr(asked) in str(refused.value)


@pytest.mark.parametrize("size", [(40, 40), (80, 20), (20, 80), (300, 200)])
def test_a_picture_fills_any_shape_with_its_middle_and_is_not_stretched(size: tuple[int, int]) -> None:
    rows, columns = np.mgrid[:120, :160]
    disc = np.hypot(rows - 59.5, columns - 79.5) < 10
    picture = np.where(disc[..., None], 255, 0).repeat(3, axis=-1).astype(np.uint8)

    filled = Backdrop(IMAGE, picture).filling(*size)[..., 0] > 127

    ys, xs = np.nonzero(filled)
    assert filled.shape == size[::-1]
    assert abs(np.ptp(ys) - np.ptp(xs)) <= 1
    assert (xs.mean(), ys.mean()) == pytest.approx(((size[0] - 1) / 2, (size[1] - 1) / 2), abs=1)


def test_a_large_picture_is_kept_as_large_as_a_video_can_show() -> None:
    wide = of_image(np.zeros((800, 2000, 3), np.uint8), 400)
    small = of_image(np.zeros((300, 300, 3), np.uint8), 400)

    assert (wide.picture.shape, small.picture.shape, wide.name) == ((400, 1000, 3), (300, 300, 3), IMAGE)

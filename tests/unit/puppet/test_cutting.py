"""The person off the background, and what is made up where something was covered."""

import numpy as np
import pytest

from mmgt_core.puppet.filling import filled, spread
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.types import UInt8Array
from tests.unit.puppet.presenters import IN_THE_COLOURS_OF_THE_WALL, SIDE, cut, drawn, overlap


@pytest.fixture(scope="module")
def matte() -> PersonMatte:
    return PersonMatte()


@pytest.mark.parametrize("seed", [900200, 900201, IN_THE_COLOURS_OF_THE_WALL])
def test_a_drawn_person_is_found_even_in_the_colours_of_the_wall(matte: PersonMatte, seed: int) -> None:
    presenter = drawn(seed)

    found = cut(presenter, matte).share > 0.5

    assert overlap(found, presenter.figure()) > 0.95


def test_the_network_alone_loses_clothes_in_the_colours_of_the_wall(matte: PersonMatte) -> None:
    presenter = drawn(IN_THE_COLOURS_OF_THE_WALL)

    alone = matte(presenter.picture, np.zeros((SIDE, SIDE), np.float32)) > 0.5

    assert overlap(alone, presenter.figure()) < 0.8


def test_the_background_goes_on_behind_the_person(matte: PersonMatte) -> None:
    presenter = drawn(900200)
    person = cut(presenter, matte)

    is_clear = person.share == 0
    assert np.array_equal(person.plate[is_clear], presenter.picture[is_clear])
    edges, before = (
        np.percentile(np.abs(np.diff(picture.astype(int), axis=1)), 99.5)
        for picture in (person.plate, presenter.picture)
    )
    assert edges < 0.1 * before


def ramp() -> UInt8Array:
    return np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 3, (64, 64, 3)).copy()


def test_a_hole_in_a_ramp_is_filled_by_the_ramp_and_nothing_else_changes() -> None:
    picture, is_hole = ramp(), np.zeros((64, 64), bool)
    is_hole[20:44, 20:44] = True
    spoiled = np.where(is_hole[..., None], np.uint8(255), picture)

    found = filled(spoiled, is_hole)

    assert np.abs(found.astype(int) - picture).max() <= 6
    assert np.array_equal(found[~is_hole], picture[~is_hole])


def test_stripes_go_on_where_a_hole_crosses_them() -> None:
    picture = np.where(np.arange(64)[None, :, None] // 8 % 2, np.uint8(220), np.uint8(40)) * np.ones(
        (64, 1, 3), np.uint8
    )
    is_hole = np.zeros((64, 64), bool)
    is_hole[30:36, 4:60] = True

    found = filled(np.where(is_hole[..., None], np.uint8(128), picture), is_hole)

    assert np.abs(found[33, 12:52].astype(int) - picture[33, 12:52]).mean() < 15


@pytest.mark.parametrize("is_hole", [np.ones((8, 8), bool), np.zeros((8, 8), bool)])
def test_without_a_hole_or_without_anything_else_a_picture_stays(is_hole: np.ndarray) -> None:
    picture = ramp()[:8, :8]

    assert np.array_equal(filled(picture, is_hole), picture)


def test_unknown_pixels_take_the_nearest_known_colour() -> None:
    picture, is_known = ramp(), np.zeros((64, 64), bool)
    is_known[:, :10] = True

    found = spread(picture, is_known)

    assert (found[:, 10:] == picture[0, 9]).all()
    assert np.array_equal(found[:, :10], picture[:, :10])

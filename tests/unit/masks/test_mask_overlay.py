"""The masks as people see them."""

import numpy as np
import pytest

from mmgt_core.pipelines.mask_overlay import MaskOverlay
from mmgt_core.types import MaskMotion
from tests.unit.masks.test_pyramid import FIRST, LATER

GREY = np.full((512, 512, 3), 100, np.uint8)
FAR_AWAY = (500, 250)


def overlay(motion: MaskMotion) -> MaskOverlay:
    return MaskOverlay(GREY, FIRST, motion)


def test_face_and_hands_are_green_lips_red_and_the_rest_the_dimmed_portrait() -> None:
    drawn = overlay(MaskMotion.MOVING).draw(FIRST)

    red, green, blue = drawn[150, 250].astype(int)
    assert green > max(red, blue) + 30
    red, green, blue = drawn[210, 250].astype(int)
    assert red > max(green, blue) + 30
    assert drawn[FAR_AWAY].tolist() == [65, 65, 65]
    assert drawn.dtype == np.uint8


def test_every_region_s_box_is_outlined() -> None:
    drawn = overlay(MaskMotion.MOVING).draw(FIRST)

    assert drawn[100, 250].tolist() == [60, 220, 120]
    assert drawn[420, 60].tolist() == [60, 220, 120]
    assert drawn[200, 250].tolist() == [255, 90, 120]


def test_without_masks_only_the_dimmed_portrait_is_shown() -> None:
    assert (overlay(MaskMotion.NONE).draw(FIRST) == 65).all()


def test_still_masks_stay_and_moving_ones_follow() -> None:
    still, moving = overlay(MaskMotion.STILL), overlay(MaskMotion.MOVING)

    assert np.array_equal(still.draw(LATER), still.draw(FIRST))
    assert np.array_equal(moving.draw(FIRST), still.draw(FIRST))
    assert not np.array_equal(moving.draw(LATER), moving.draw(FIRST))


@pytest.mark.parametrize("motion", list(MaskMotion))
def test_the_portrait_itself_is_not_painted_on(motion: MaskMotion) -> None:
    portrait = GREY.copy()

    MaskOverlay(portrait, FIRST, motion).draw(LATER)

    assert (portrait == 100).all()

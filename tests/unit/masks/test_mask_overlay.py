"""The masks as people see them."""

import cv2
import numpy as np
import pytest

from mmgt_core.masks.pyramid import FACE_HANDS_KERNEL, LIPS_KERNEL, blurred
from mmgt_core.masks.regions import face_hands_mask, lips_mask, region_boxes
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


def test_each_pixel_is_the_dimmed_portrait_under_green_and_then_red_as_open_as_the_masks_are() -> None:
    portrait = np.random.default_rng(0).integers(0, 256, GREY.shape, np.uint8)
    boxes = region_boxes(FIRST)
    expected = portrait.astype(np.float32) * 0.65
    for mask, colour in (
        (blurred(face_hands_mask(boxes), FACE_HANDS_KERNEL), (60, 220, 120)),
        (blurred(lips_mask(boxes), LIPS_KERNEL), (255, 90, 120)),
    ):
        opacity = cv2.resize(mask, (512, 512))[..., None].astype(np.float32) / 255 * 0.6
        expected = expected * (1 - opacity) + np.array(colour, np.float32) * opacity

    drawn = MaskOverlay(portrait, FIRST, MaskMotion.MOVING).draw(FIRST)

    is_outline = np.isin(drawn, (60, 220, 120, 255, 90)).all(axis=2)
    assert 0 < is_outline.mean() < 0.02
    assert np.array_equal(drawn[~is_outline], expected.astype(np.uint8)[~is_outline])


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

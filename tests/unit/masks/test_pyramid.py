"""Blurred masks at the UNet's resolutions, and their options."""

import numpy as np
import pytest
import torch

from mmgt_core.keypoints import NUM_KEYPOINTS, Float32Array
from mmgt_core.masks.pyramid import HANDS_KERNEL, LIPS_KERNEL, blurred, motion_masks
from mmgt_core.masks.regions import hands_mask, region_boxes
from mmgt_core.types import BackgroundMask, MaskMotion, MotionMasks, PoseSequence
from tests.unit.masks.test_regions import pose

LEVELS = (64, 32, 16, 8)
FIRST = pose(face=(200, 100, 300, 250), lips=(230, 200, 270, 220), left_hand=(60, 380, 120, 460))
LATER = pose(face=(300, 150, 400, 300), lips=(330, 250, 370, 270), left_hand=(400, 380, 460, 460))


def masks(
    *poses: Float32Array,
    background: BackgroundMask = BackgroundMask.ONE_PLUS_LIPS,
    motion: MaskMotion = MaskMotion.MOVING,
) -> MotionMasks:
    sequence = PoseSequence(np.stack(poses))
    return motion_masks(sequence, PoseSequence(FIRST[None]), LEVELS, background, motion)


def test_every_region_has_each_level_for_each_frame() -> None:
    for region in masks(FIRST, LATER).regions:
        assert [tuple(level.shape) for level in region] == [(2, side * side) for side in LEVELS]
        assert all(level.dtype == torch.float32 for level in region)


@pytest.mark.parametrize("background", list(BackgroundMask))
@pytest.mark.parametrize("motion", list(MaskMotion))
def test_values_stay_in_range(background: BackgroundMask, motion: MaskMotion) -> None:
    found = masks(FIRST, LATER, background=background, motion=motion)

    is_added = background is BackgroundMask.ONE_PLUS_LIPS and motion is not MaskMotion.NONE
    for level in (*found.face_hands, *found.lips):
        assert 0 <= level.min() <= level.max() <= 1
    for level in found.background:
        assert 0 <= level.min() <= level.max() <= 1 + is_added


def test_a_mask_is_strongest_in_its_box_and_0_far_away() -> None:
    finest = masks(FIRST).face_hands[0].reshape(64, 64)

    assert finest[175 // 8, 250 // 8] > 0.95  # the middle of the face
    assert (
        finest[420 // 8, 90 // 8] > 0.3
    )  # a hand, smaller than the blur, yet the blur of the whole frame is stretched
    assert finest[480 // 8, 480 // 8] == 0


def test_the_default_background_is_one_plus_lips() -> None:
    found = masks(FIRST)

    for level, lips in zip(found.background, found.lips, strict=True):
        assert torch.equal(level, 1 + lips)
    assert found.background[0].max() == 2


def test_the_complement_is_what_face_and_hands_leave() -> None:
    found = masks(FIRST, background=BackgroundMask.COMPLEMENT)

    for level, face_hands in zip(found.background, found.face_hands, strict=True):
        assert torch.equal(level, 1 - face_hands)
    assert found.background[0].min() == 0


def test_the_hands_background_is_the_blur_of_the_hands_alone() -> None:
    finest = masks(FIRST, background=BackgroundMask.HANDS).background[0].reshape(64, 64)

    expected = blurred(hands_mask(region_boxes(FIRST)), HANDS_KERNEL)
    assert torch.equal(finest, torch.from_numpy(expected).float() / 255)
    assert finest[420 // 8, 90 // 8] > 0.95
    assert finest[175 // 8, 250 // 8] == 0  # the face


def test_an_unseen_region_is_0_everywhere() -> None:
    nothing = np.zeros((NUM_KEYPOINTS, 3), np.float32)

    found = masks(nothing)

    assert not any(level.any() for level in (*found.face_hands, *found.lips))
    assert all((level == 1).all() for level in found.background)


def test_moving_masks_follow_the_pose_frame_by_frame() -> None:
    both, alone = masks(FIRST, LATER), masks(LATER)

    for level, single in zip(both.face_hands, alone.face_hands, strict=True):
        assert torch.equal(level[1], single[0])
        assert not torch.equal(level[0], level[1])


@pytest.mark.parametrize("background", list(BackgroundMask))
def test_still_masks_ignore_every_later_frame(background: BackgroundMask) -> None:
    still = masks(FIRST, LATER, LATER, background=background, motion=MaskMotion.STILL)
    first = masks(FIRST, background=background)

    for region, wanted in zip(still.regions, first.regions, strict=True):
        for level, single in zip(region, wanted, strict=True):
            assert torch.equal(level, single.expand(3, -1))


def test_still_masks_of_a_later_window_stay_at_the_first_pose() -> None:
    still = masks(LATER, LATER, motion=MaskMotion.STILL)

    assert torch.equal(still.lips[0], masks(FIRST).lips[0].expand(2, -1))


@pytest.mark.parametrize("background", list(BackgroundMask))
def test_without_masks_every_region_is_open_everywhere(background: BackgroundMask) -> None:
    found = masks(FIRST, LATER, background=background, motion=MaskMotion.NONE)

    assert all((level == 1).all() for region in found.regions for level in region)


def test_a_blurred_mask_is_stretched_to_the_full_range_unless_it_is_empty() -> None:
    small = np.zeros((512, 512), np.uint8)
    small[200:216, 200:216] = 255

    soft = blurred(small, LIPS_KERNEL)

    assert soft.shape == (64, 64)
    assert (soft.min(), soft.max()) == (0, 255)
    assert not blurred(np.zeros((512, 512), np.uint8), LIPS_KERNEL).any()


def test_a_wider_kernel_spreads_a_mask_further() -> None:
    square = np.zeros((512, 512), np.uint8)
    square[200:300, 200:300] = 255

    assert (blurred(square, 31) > 0).sum() > (blurred(square, HANDS_KERNEL) > 0).sum()


def test_values_are_multiples_of_a_255th_as_the_weights_have_seen_them() -> None:
    for level in masks(FIRST).face_hands:
        steps = level * 255

        assert (steps - steps.round()).abs().max() < 1e-4

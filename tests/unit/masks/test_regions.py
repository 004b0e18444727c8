"""Algorithm 1: boxes and binary masks."""

import numpy as np
import pytest

from mmgt_core.keypoints import FACE, LEFT_HAND, LIPS, NUM_KEYPOINTS, RIGHT_HAND, Float32Array
from mmgt_core.masks.regions import Box, face_hands_mask, hands_mask, lips_mask, region_boxes


def pose(**boxes: tuple[float, float, float, float]) -> Float32Array:
    """(134, 3): of each named region, points at the corners of x0, y0, x1, y1; nothing else is seen."""
    parts = {"face": FACE, "lips": LIPS, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND}
    keypoints = np.zeros((NUM_KEYPOINTS, 3), np.float32)
    for name, (x0, y0, x1, y1) in boxes.items():
        keypoints[parts[name].start] = (x0, y0, 1)
        keypoints[parts[name].start + 1] = (x1, y1, 1)
    return keypoints


def test_each_box_spans_the_seen_points_of_its_region() -> None:
    boxes = region_boxes(
        pose(face=(200.9, 100.2, 300.7, 250), left_hand=(300, 400, 350, 460), right_hand=(9, 9, 40, 50))
    )

    assert boxes.face == Box(200, 100, 300, 250)
    assert boxes.left_hand == Box(300, 400, 350, 460)
    assert boxes.right_hand == Box(9, 9, 40, 50)
    assert boxes.lips is None


def test_lips_are_part_of_the_face() -> None:
    boxes = region_boxes(pose(lips=(230, 200, 270, 220)))

    assert boxes.lips == boxes.face == Box(230, 200, 270, 220)


def test_points_that_are_not_seen_or_left_of_the_canvas_do_not_widen_a_box() -> None:
    keypoints = pose(left_hand=(300, 400, 350, 460))
    keypoints[LEFT_HAND.start + 2] = (500, 500, 0.29)
    keypoints[LEFT_HAND.start + 3] = (-40, 300, 1)
    keypoints[LEFT_HAND.start + 4] = (0.9, 300, 1)
    keypoints[LEFT_HAND.start + 5] = (330, 470, 0.3)

    assert region_boxes(keypoints).left_hand == Box(300, 400, 350, 470)


@pytest.mark.parametrize(
    "corners", [(-50, -60, -10, -20), (200, 100, 200, 150), (200, 100, 250, 100), (600, 100, 700, 200)]
)
def test_a_region_without_area_on_the_canvas_is_empty(corners: tuple[float, float, float, float]) -> None:
    boxes = region_boxes(pose(left_hand=corners))

    assert boxes.left_hand is None
    assert not hands_mask(boxes).any()


def test_a_box_is_cut_at_the_far_edges_of_the_canvas() -> None:
    assert region_boxes(pose(left_hand=(480, 490, 700, 900))).left_hand == Box(480, 490, 512, 512)


def test_a_mask_is_255_inside_of_its_boxes_and_0_outside() -> None:
    boxes = region_boxes(pose(face=(200, 100, 300, 250), left_hand=(300, 400, 350, 460)))

    mask = face_hands_mask(boxes)

    assert mask.dtype == np.uint8
    assert sorted(np.unique(mask)) == [0, 255]
    assert (mask == 255).sum() == 100 * 150 + 50 * 60
    assert (mask[100:250, 200:300] == 255).all()


def test_where_a_hand_lies_over_the_face_the_sum_wraps_to_254_as_the_weights_have_seen_it() -> None:
    boxes = region_boxes(pose(face=(200, 100, 300, 250), left_hand=(250, 200, 350, 300)))

    mask = face_hands_mask(boxes)

    assert (mask == 254).sum() == 50 * 50
    assert (mask[200:250, 250:300] == 254).all()


def test_two_hands_that_overlap_stay_at_255() -> None:
    boxes = region_boxes(pose(left_hand=(250, 200, 350, 300), right_hand=(300, 250, 400, 350)))

    assert sorted(np.unique(hands_mask(boxes))) == [0, 255]


def test_the_lips_mask_is_the_box_of_the_lips_alone() -> None:
    mask = lips_mask(region_boxes(pose(face=(200, 100, 300, 250), lips=(230, 200, 270, 220))))

    assert (mask == 255).sum() == 40 * 20

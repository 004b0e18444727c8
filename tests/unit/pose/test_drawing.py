"""Drawn skeletons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmgt_core.keypoints import BODY, FACE, FEET, LEFT_HAND, LEGS, NUM_KEYPOINTS, RIGHT_HAND, Float32Array
from mmgt_core.pose.drawing import draw_pose, visible_pixels
from tests.unit.pose.figures import on_canvas

NECK, RIGHT_SHOULDER = 1, 2
HALF_WIDTH_PX = 4


def only(*indices: int, confidence: float = 1.0) -> Float32Array:
    """The canvas figure with these points alone."""
    keypoints = on_canvas()
    keypoints[:, 2] = 0
    keypoints[list(indices), 2] = confidence
    return keypoints


def test_nothing_seen_is_a_black_picture() -> None:
    drawn = draw_pose(only())

    assert drawn.shape == (512, 512, 3)
    assert drawn.dtype == np.uint8
    assert not drawn.any()


@pytest.mark.parametrize("part", [BODY, FACE, LEFT_HAND, RIGHT_HAND])
def test_points_below_the_threshold_are_not_drawn(part: slice) -> None:
    indices = range(part.start, part.stop)

    assert not draw_pose(only(*indices, confidence=0.29)).any()
    assert draw_pose(only(*indices, confidence=0.31)).any()


def test_at_the_threshold_itself_hands_and_face_are_drawn_but_no_body() -> None:
    at = np.float32(0.3)

    assert draw_pose(only(FACE.start, confidence=at)).any()
    assert not draw_pose(only(NECK, confidence=at)).any()


def test_legs_and_feet_are_never_drawn() -> None:
    keypoints = on_canvas()
    keypoints[FEET] = (300, 480, 1)
    legless = on_canvas()
    legless[list(LEGS), 2] = 0

    assert np.array_equal(draw_pose(keypoints), draw_pose(legless))


def test_a_limb_is_drawn_only_between_two_seen_joints() -> None:
    halfway = tuple(((on_canvas()[NECK, :2] + on_canvas()[RIGHT_SHOULDER, :2]) / 2).astype(int)[::-1])

    assert not draw_pose(only(NECK))[halfway].any()
    assert draw_pose(only(NECK, RIGHT_SHOULDER))[halfway].any()


def test_body_limbs_are_dimmer_than_their_joints() -> None:
    drawn = draw_pose(only(NECK, RIGHT_SHOULDER))

    assert drawn[240, 256].tolist() == [255, 85, 0]  # the neck's disc
    assert drawn[240, 220].tolist() == [229, 0, 0]  # 0.9 of 255, truncated


def test_face_points_are_white_discs_at_their_place() -> None:
    x, y = on_canvas()[FACE.start, :2].astype(int)

    drawn = draw_pose(only(FACE.start))

    assert (drawn[y, x] == 255).all()
    rows, columns = np.nonzero(drawn.any(axis=-1))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (y - 3, y + 3, x - 3, x + 3)


def test_the_face_covers_a_hand_and_a_hand_the_body() -> None:
    keypoints = on_canvas()
    keypoints[FACE.start, :2] = keypoints[LEFT_HAND.start, :2] = keypoints[NECK, :2] = (256, 240)

    assert draw_pose(np.where(only(NECK, LEFT_HAND.start)[:, 2:] > 0, keypoints, 0))[240, 256].tolist() == [0, 0, 255]
    assert (draw_pose(keypoints)[240, 256] == 255).all()


def test_a_hand_point_on_the_picture_s_edge_counts_as_absent() -> None:
    keypoints = only(LEFT_HAND.start)
    keypoints[LEFT_HAND.start, :2] = (0.9, 100)

    assert not draw_pose(keypoints).any()


def test_drawing_is_deterministic_and_leaves_the_keypoints_as_they_were() -> None:
    keypoints = on_canvas()
    before = keypoints.copy()

    first, second = draw_pose(keypoints), draw_pose(keypoints)

    assert np.array_equal(first, second)
    assert np.array_equal(keypoints, before)


def test_pixels_are_truncated_and_invisible_ones_lie_outside() -> None:
    points = np.array([(10.9, 20.1, 0.3), (10.9, 20.1, 0.29)], np.float32)

    pixels = visible_pixels(points).tolist()

    assert pixels[0] == [10, 20]
    assert max(pixels[1]) < 0


@given(st.integers(0, 2**32 - 1), st.sampled_from([300.0, 3000.0]))
@settings(max_examples=20, deadline=None)
def test_points_far_outside_of_the_canvas_do_not_stop_the_drawing(seed: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    keypoints = random.normal(256, spread, (NUM_KEYPOINTS, 3)).astype(np.float32)
    keypoints[:, 2] = random.random(NUM_KEYPOINTS)

    assert draw_pose(keypoints).shape == (512, 512, 3)

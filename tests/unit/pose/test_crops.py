"""Rotated cut-outs, the joining of segments, and what the small detectors share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmgt_core.pose.crops import Region, angle_across, angle_up, region_of
from mmgt_core.pose.ssd import decode_detections
from mmgt_core.pose.stitching import overlap_weights
from mmgt_core.pose.yolox import detector_input, overlaps, suppress_overlaps


@given(st.floats(-3, 3), st.floats(20, 400), st.floats(-50, 300))
def test_the_centre_and_a_corner_of_a_region_come_back(angle: float, side: float, x: float) -> None:
    region = Region(x, 80.0, side, angle)

    centre, right_edge = region.to_image(np.array([[0.5, 0.5], [1.0, 0.5]]))

    assert centre == pytest.approx([x, 80], abs=0.01)
    assert right_edge - centre == pytest.approx([np.cos(angle) * side / 2, np.sin(angle) * side / 2], abs=0.01)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2, 3.0])
def test_what_is_seen_in_a_cut_out_is_found_again_in_the_picture(angle: float) -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[118:123, 208:213] = 255  # around (210, 120)
    region = Region(190.0, 130.0, 120.0, angle)

    light = region.cut(picture, 240)[..., 0]

    rows, columns = np.indices(light.shape)
    spot = np.array([[(columns * light).sum(), (rows * light).sum()]]) / light.sum() / 240
    assert region.to_image(spot)[0] == pytest.approx([210, 120], abs=0.5)  # half a pixel: resampling
    assert light.max() == pytest.approx(1)


def test_a_cut_out_beyond_the_picture_repeats_its_border() -> None:
    picture = np.full((50, 50, 3), 51, np.uint8)

    assert Region(0.0, 0.0, 400.0, 0.3).cut(picture, 32) == pytest.approx(0.2)


def test_angles_are_clockwise_from_upright() -> None:
    origin = np.zeros(2)

    assert angle_up(origin, np.array([0, -1])) == pytest.approx(0)
    assert angle_up(origin, np.array([1, 0])) == pytest.approx(np.pi / 2)
    assert angle_across(origin, np.array([1, 0])) == pytest.approx(0)
    assert angle_across(origin, np.array([0, 1])) == pytest.approx(np.pi / 2)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.0])
def test_the_region_of_points_holds_them_all_and_touches_two(angle: float) -> None:
    points = np.random.default_rng(0).uniform(0, 200, (30, 2))

    region = region_of(points, angle, 1.0)

    corner, across, down = region.to_image(np.array([[0, 0], [1, 0], [0, 1]]))
    axes = np.stack([across - corner, down - corner], axis=1)
    inside = np.linalg.solve(axes, (points - corner).T)
    assert inside.min() > -1e-4
    assert inside.max() < 1 + 1e-4
    assert np.ptp(inside, axis=1).max() == pytest.approx(1, abs=1e-4)


def test_of_overlapping_boxes_the_surest_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], np.float32)

    assert suppress_overlaps(boxes, np.array([0.5, 0.9, 0.4]), 0.45, pixel=0.0) == [1, 2]
    assert suppress_overlaps(boxes, np.array([0.5, 0.9, 0.4]), 0.9, pixel=0.0) == [1, 0, 2]
    assert suppress_overlaps(boxes[:0], np.zeros(0), 0.45, pixel=0.0) == []


def test_overlap_is_the_shared_part_of_both_areas() -> None:
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [50, 50, 60, 60]], np.float32)

    assert overlaps(others[0], others, pixel=0.0) == pytest.approx([1, 1 / 3, 0])


def test_a_picture_lies_in_the_corner_of_the_detector_s_square_and_the_rest_is_grey() -> None:
    pixels, ratio = detector_input(np.full((100, 200, 3), 9, np.uint8))

    assert ratio == 3.2
    assert pixels.shape == (1, 3, 640, 640)
    assert (pixels[0, :, :320] == 9).all()
    assert (pixels[0, :, 320:] == 114).all()


def test_anchors_that_agree_become_one_box_with_their_weighted_points() -> None:
    values = np.zeros((8, 6), np.float32)  # stride 2 of a 4 pixel input: 4 cells, 2 anchors each
    values[:, 2:4] = 2
    values[0, 4], values[1, 4] = 0.0, 0.8
    logits = np.full((8, 1), -9, np.float32)
    logits[:2] = 3

    found = decode_detections(values, logits, (2,), 4)

    assert found.boxes == pytest.approx(np.array([[0, 0, 0.5, 0.5]]))
    assert found.points == pytest.approx(np.array([[[0.35, 0.25]]]))
    assert found.scores == pytest.approx([1 / (1 + np.exp(-3))])


@pytest.mark.parametrize(("num_known", "num_blend"), [(10, 4), (2, 1), (1, 3), (5, 0), (6, 99)])
def test_known_frames_are_kept_whole_at_first_and_then_fade_without_ever_rising(num_known: int, num_blend: int) -> None:
    weights = overlap_weights(num_known, num_blend)

    assert weights.shape == (num_known,)
    assert weights.dtype == np.float32
    assert weights[0] == 1
    assert weights.min() > 0
    assert (np.diff(weights) <= 0).all()
    assert (weights < 1).sum() == min(num_blend, num_known - 1)

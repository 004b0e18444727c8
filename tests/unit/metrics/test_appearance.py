"""Laws of identity colours and flicker."""

import numpy as np
import pytest

from mmgt_core.metrics.appearance import flicker, identity_errors, temporal_error

COLOURS = {"skin": np.array([230, 190, 170]), "hair": np.array([60, 40, 30]), "clothes": np.array([40, 80, 160])}


def presenter(colours) -> np.ndarray:
    """Three bands of colours, two frames."""
    frames = np.zeros((2, 30, 16, 3), np.uint8)
    for index, colour in enumerate(colours.values()):
        frames[:, 10 * index : 10 * index + 10] = colour
    return frames


def test_the_right_presenter_has_no_error_and_another_the_difference_in_percent_of_the_range() -> None:
    truth = presenter(COLOURS)
    other = presenter(COLOURS | {"clothes": COLOURS["clothes"] + 51})

    assert identity_errors(truth, truth, COLOURS) == {"skin": 0, "hair": 0, "clothes": 0}
    assert identity_errors(other, truth, COLOURS) == pytest.approx({"skin": 0, "hair": 0, "clothes": 20})


def test_a_part_that_cannot_be_seen_is_left_out() -> None:
    truth = presenter({"skin": COLOURS["skin"]})

    assert set(identity_errors(truth, truth, {"skin": COLOURS["skin"], "hair": np.array([0, 255, 0])})) == {"skin"}


def test_flicker_counts_only_where_the_truth_stands_still() -> None:
    truth = np.full((4, 8, 8, 3), 100, np.uint8)
    truth[1::2, :4] = 200
    frames = truth.copy()
    frames[1::2, :4] = 0
    frames[1::2, 4:] += 6

    assert flicker(frames, truth) == (6, 0)
    assert flicker(truth, truth) == (0, 0)


def test_a_contour_that_lies_a_pixel_off_is_no_flicker_apart_from_what_moves() -> None:
    truth = np.full((2, 16, 16, 3), 100, np.uint8)
    truth[1, :4] = 200
    frames = truth.copy()
    frames[1, 4] = 200
    frames[1, 12:] += 6

    assert flicker(frames, truth)[0] > flicker(frames, truth, apart_px=2)[0]
    assert flicker(frames, truth, apart_px=2) == (6 * 4 / 10, 0)


def test_a_temporal_error_has_what_flickers_and_what_stands_still_where_the_truth_moves() -> None:
    still = np.full((3, 8, 8, 3), 100, np.uint8)
    moving, flickering = still.copy(), still.copy()
    moving[1, :4] += 10
    flickering[1, 4:] += 6

    assert temporal_error(moving, moving) == 0
    assert temporal_error(still, moving) == 5  # half of the picture, by ten each time
    assert temporal_error(flickering, still) == 3
    assert temporal_error(still + 20, still) == 0  # a wrong colour that stays is no error in time
    assert temporal_error(still[:1], moving[:1]) == 0

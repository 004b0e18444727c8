"""What hardly changes rests; what moves neither smears nor waits."""

from collections.abc import Iterator

import numpy as np
import pytest

from mmgt_core.finishing.stillness import at_rest, averaged, calmed
from mmgt_core.keypoints import Float32Array

SIDE, NUM_FRAMES = 64, 15
REACH = 4


def shimmering(spread: float) -> list[Float32Array]:
    noise = np.random.default_rng(0).normal(100, spread, (NUM_FRAMES, SIDE, SIDE, 3))
    return list(noise.astype(np.float32))


def moving_square() -> list[Float32Array]:
    frames = np.full((NUM_FRAMES, SIDE, SIDE, 3), 60, np.float32)
    for index, frame in enumerate(frames):
        frame[20:36, 3 * index : 3 * index + 12] = 200
    return list(frames)


def mean_change(frames: list[Float32Array]) -> float:
    return float(np.abs(np.diff(np.stack(frames).astype(np.float32), axis=0)).mean())


def test_a_shimmer_is_averaged_away() -> None:
    frames = shimmering(4)

    assert mean_change(list(averaged(iter(frames)))) < 0.3 * mean_change(frames)


def test_a_shimmer_that_is_averaged_then_rests() -> None:
    assert mean_change(list(calmed(iter(shimmering(4))))) < 0.05


def test_what_moves_stays_sharp_and_in_its_place() -> None:
    frames = moving_square()

    found = list(calmed(iter(frames)))

    assert np.abs(np.stack(found).astype(np.float32) - np.stack(frames)).max() <= 2


@pytest.mark.parametrize("num_frames", [1, REACH, REACH + 1, 2 * REACH + 1, 2 * REACH + 2])
def test_as_many_frames_come_out_as_went_in_in_their_order(num_frames: int) -> None:
    frames = [np.full((8, 8, 3), 60.0 * (index % 3), np.float32) for index in range(num_frames)]

    found = list(averaged(iter(frames)))

    assert [frame[0, 0, 0] for frame in found] == pytest.approx(
        [60.0 * (index % 3) for index in range(num_frames)], abs=1
    )


def test_a_frame_is_averaged_over_those_within_reach_on_both_sides_and_no_others() -> None:
    frames = [np.full((8, 8, 3), 100 + (index == 7) * 9.0, np.float32) for index in range(NUM_FRAMES)]

    brighter = [frame[0, 0, 0] > 100.01 for frame in averaged(iter(frames))]

    assert np.flatnonzero(brighter).tolist() == list(range(7 - REACH, 7 + REACH + 1))


def test_no_more_frames_are_taken_than_a_frame_waits_for() -> None:
    taken: list[int] = []

    def source() -> Iterator[Float32Array]:
        for index, frame in enumerate(shimmering(1)):
            taken.append(index)
            yield frame

    next(averaged(source()))

    assert taken == list(range(REACH + 1))


def test_small_changes_are_held_and_large_ones_pass_at_once() -> None:
    last = np.full((SIDE, SIDE, 3), 100, np.float32)
    frame = last + 3
    frame[20:40, 20:40] = 200

    held = at_rest(frame, last)

    assert (held[:10] == 100).all()
    assert (held[25:35, 25:35] == 200).all()

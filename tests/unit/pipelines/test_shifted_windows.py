"""Windows that move from step to step."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mmgt_core.pipelines.shifted_windows import LEAST_REACH, shifted_windows

lengths, steps, sizes = st.integers(1, 400), st.integers(0, 99), st.integers(2, 32)


@given(num_frames=lengths, window=sizes, step=steps)
def test_every_frame_is_in_some_window_at_every_step_and_no_window_wraps(
    num_frames: int, window: int, step: int
) -> None:
    covering = shifted_windows(num_frames, window, step)

    assert {frame for frames in covering for frame in frames} == set(range(num_frames))
    for frames in covering:
        assert list(frames) == list(range(frames[0], frames[0] + min(window, num_frames)))


@given(num_frames=st.integers(12, 400), step=steps)
def test_only_the_windows_at_the_ends_overlap_and_by_less_than_a_window(num_frames: int, step: int) -> None:
    covering = shifted_windows(num_frames, 12, step)

    shared = [sooner[-1] + 1 - later[0] for sooner, later in pairwise(covering)]
    assert all(overlap == 0 for overlap in shared[1:-1])
    assert all(0 <= overlap < 12 for overlap in shared)


@given(num_frames=lengths, step=steps)
def test_a_step_has_as_few_windows_as_can_be_or_one_more_where_they_could_not_move(num_frames: int, step: int) -> None:
    fewest, standing_out = -(-num_frames // 12), -num_frames % 12

    num_windows = len(shifted_windows(num_frames, 12, step))

    assert num_windows in ((fewest,) if standing_out >= LEAST_REACH else (fewest, fewest + 1))


@given(num_frames=st.integers(24, 400))
def test_no_border_between_windows_stands_at_the_same_frame_at_most_steps(num_frames: int) -> None:
    num_steps = 10
    borders = [{window[0] for window in shifted_windows(num_frames, 12, step)} - {0} for step in range(num_steps)]

    last = num_frames - 12  # where the last window begins
    for frame in set.union(*borders) - {last}:
        assert sum(frame in standing for standing in borders) <= num_steps * 0.4


def test_80_frames_are_7_windows_at_every_step() -> None:
    assert [len(shifted_windows(80, 12, step)) for step in range(30)] == [7] * 30


def test_two_steps_have_their_borders_apart() -> None:
    first, second = (shifted_windows(80, 12, step) for step in (0, 1))

    assert abs(first[3][0] - second[3][0]) >= 3

"""Which frames are denoised together."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmgt_core.pipelines.windows import STRETCH_WINDOWS, segment_starts, stretches, windows
from mmgt_core.quality import WindowSchedule

LOOPING, LINEAR = WindowSchedule.LOOPING, WindowSchedule.LINEAR


@given(
    num_frames=st.integers(1, 400),
    window=st.integers(2, 32),
    overlap=st.integers(0, 31),
    schedule=st.sampled_from(WindowSchedule),
)
def test_every_frame_is_in_some_window_and_no_frame_twice_in_one(
    num_frames: int, window: int, overlap: int, schedule: WindowSchedule
) -> None:
    covering = windows(schedule, num_frames, window, min(overlap, window - 1))

    assert {frame for frames in covering for frame in frames} == set(range(num_frames))
    assert all(len(set(frames)) == len(frames) == min(window, num_frames) for frames in covering)


@given(num_frames=st.integers(1, 400))
def test_a_linear_window_never_mixes_the_end_with_the_beginning(num_frames: int) -> None:
    for frames in windows(LINEAR, num_frames, 12, 4):
        assert list(frames) == list(range(frames[0], frames[0] + len(frames)))


def test_the_last_looping_window_wraps_to_the_first_frames() -> None:
    assert windows(LOOPING, 18, 12, 4)[-1] == (16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)


@pytest.mark.parametrize("schedule", WindowSchedule)
def test_a_short_video_is_one_window(schedule: WindowSchedule) -> None:
    assert windows(schedule, 7, 12, 4) == [(0, 1, 2, 3, 4, 5, 6)]


@given(num_frames=st.integers(1, 3000), window=st.integers(2, 32), overlap=st.integers(0, 31))
def test_stretches_have_the_windows_of_the_whole_video_and_finish_each_frame_once(
    num_frames: int, window: int, overlap: int
) -> None:
    whole = windows(LINEAR, num_frames, window, min(overlap, window - 1))
    covering = stretches(LINEAR, num_frames, window, min(overlap, window - 1))

    assert [tuple(s.frames[frame] for frame in own) for s in covering for own in s.windows] == whole
    assert [frame for s in covering for frame in s.frames[: s.num_finished]] == list(range(num_frames))
    assert all(before.num_carried == after.num_begun for before, after in pairwise(covering))
    assert covering[0].num_begun == covering[-1].num_carried == 0


@given(num_frames=st.integers(1, 20_000))
def test_every_stretch_but_the_last_is_as_large_whatever_the_length(num_frames: int) -> None:
    *sizes, last = [len(s.windows) for s in stretches(LINEAR, num_frames, 12, 4)]

    assert set(sizes) <= {STRETCH_WINDOWS}
    assert 1 <= last <= STRETCH_WINDOWS


@pytest.mark.parametrize(("schedule", "num_frames"), [(LINEAR, 84), (LOOPING, 1500)])
def test_what_fits_and_what_wraps_to_the_beginning_is_one_stretch(schedule: WindowSchedule, num_frames: int) -> None:
    (whole,) = stretches(schedule, num_frames, 12, 4)

    assert (whole.frames, whole.windows) == (range(num_frames), tuple(windows(schedule, num_frames, 12, 4)))
    assert len(stretches(LINEAR, 85, 12, 4)) == 2


@given(num_frames=st.integers(1, 2000), overlap=st.integers(1, 79))
def test_segments_cover_all_frames_and_each_shares_at_least_the_overlap_with_the_one_before(
    num_frames: int, overlap: int
) -> None:
    starts = segment_starts(num_frames, 80, overlap)

    assert starts[0] == 0
    assert starts[-1] + 80 >= num_frames
    assert starts[-1] + 80 == max(num_frames, 80)
    assert all(later > sooner and sooner + 80 - later >= overlap for sooner, later in pairwise(starts))

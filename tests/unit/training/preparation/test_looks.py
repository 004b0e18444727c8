"""What makes a cut, a common frame, a gap, a split and a key."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.pose.framing import SquareFrame
from mmgt_core.training.preparation.first_look import common_frame, cuts
from mmgt_core.training.preparation.layout import Split, window_starts
from mmgt_core.training.preparation.settings import PreparationSettings, SettingsError, clip_key
from mmgt_core.training.preparation.tracking import bridge_gaps


@pytest.mark.parametrize(
    ("num_frames", "starts"),
    [(79, ()), (80, (0,)), (91, (0,)), (92, (0, 12)), (105, (0, 12, 25)), (117, (0, 12, 25, 37))],
)
def test_a_window_begins_every_half_second_as_long_as_it_fits(num_frames: int, starts: tuple[int, ...]) -> None:
    assert window_starts(num_frames) == starts


def test_one_large_change_among_small_ones_is_a_cut() -> None:
    changes = np.full(50, 0.01, np.float32)
    changes[20] = 0.2

    assert cuts(changes) == [20]


def test_a_light_that_flickers_or_a_camera_that_moves_is_no_cut() -> None:
    assert cuts(np.full(50, 0.1, np.float32)) == []


def test_a_cut_between_two_still_pictures_is_found() -> None:
    changes = np.zeros(50, np.float32)
    changes[30] = 0.1

    assert cuts(changes) == [30]


def test_the_common_frame_holds_the_frames_of_all_looks() -> None:
    frames = [SquareFrame(100, 50, 300), SquareFrame(160, 60, 310), SquareFrame(140, 40, 300)]

    assert common_frame(frames, (720, 1280)) == SquareFrame(100, 20, 370)


def test_the_common_frame_is_no_larger_than_the_images_short_side() -> None:
    frames = [SquareFrame(0, 0, 720), SquareFrame(500, 0, 720)]

    assert common_frame(frames, (720, 1280)) == SquareFrame(250, 0, 720)


def test_a_short_gap_is_bridged_in_a_straight_line_and_a_long_one_is_not() -> None:
    pose = np.ones((134, 3), np.float32)
    found = [pose, None, None, None, 5 * pose, *[None] * 6, pose, None]

    keypoints, is_known = bridge_gaps(found)

    assert keypoints[:5, 0, 0].tolist() == [1, 2, 3, 4, 5]
    assert is_known.tolist() == [True] * 5 + [False] * 6 + [True, False]


def test_a_clips_split_depends_on_its_path_and_the_seed_alone() -> None:
    settings = PreparationSettings(0.2, 0.1)
    sources = [f"speaker/{number}.mp4" for number in range(2000)]

    splits = settings.dealt(sources)

    assert splits == {**settings.dealt(sources[:1000]), **settings.dealt(sources[1000:])}
    assert splits != PreparationSettings(0.2, 0.1, split_seed=1).dealt(sources)
    counts = Counter(splits.values())
    assert counts[Split.TEST] / 2000 == pytest.approx(0.1, abs=0.03)
    assert counts[Split.VALIDATION] / 2000 == pytest.approx(0.2, abs=0.03)


def test_however_few_clips_there_are_one_is_trained_on() -> None:
    for share in (0.0, 0.5, 0.98):
        settings = PreparationSettings(validation_share=0.98 - share, test_share=share)
        for number in range(20):
            assert Split.TRAIN in settings.dealt([f"{number}/a.mp4"]).values()
            assert Split.TRAIN in settings.dealt([f"{number}/a.mp4", f"{number}/b.mp4"]).values()


def test_keys_are_different_where_only_folder_or_suffix_differ_and_have_no_dot_or_slash() -> None:
    sources = ["a/b.mp4", "a_b.mp4", "a/b.webm", "ä/v1.2/Rede über alles.mp4", f"{'long/' * 40}x.mp4"]

    keys = [clip_key(source) for source in sources]

    assert len(set(keys)) == len(sources)
    assert all(set(key).isdisjoint("./ ") and len(key) < 64 and Path(key).name == key for key in keys)


@pytest.mark.parametrize("shares", [(-0.1, 0.1), (0.6, 0.4), (float("nan"), 0.1)])
def test_shares_out_of_range_are_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(SettingsError, match="less than 1"):
        PreparationSettings(*shares)

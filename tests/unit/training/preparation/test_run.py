"""From a folder of films to shards: what is kept, what is refused, and what a kill changes: nothing."""

import json
import logging
import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import webdataset
from PIL import Image

from mmgt_core.training.preparation.layout import Member, Split, shard_paths
from mmgt_core.training.preparation.run import (
    CONTACT_SHEET,
    PreparationError,
    _alone_in,
    prepare_videos,
    process_context,
)
from mmgt_core.training.preparation.settings import PreparationSettings, SettingsError, Tools
from mmgt_core.training.preparation.windows import PreparedWindows
from tests.unit.training.preparation.conftest import Prepared
from tests.unit.training.preparation.films import (
    NUM_FRAMES,
    SETTINGS,
    HeadDetector,
    head_tools,
    write_film,
)


def no_tools() -> Tools:
    raise AssertionError("nothing is left to do")


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*out.glob("*.tar"), *out.glob("*.json"), *out.glob("*.txt")]}


def test_every_clip_is_used_or_rejected_for_its_own_reason(prepared: Prepared) -> None:
    found = {record.source: record.reason for record in prepared.report.records}

    assert found == prepared.films


def test_all_windows_of_a_source_clip_lie_in_one_split(prepared: Prepared) -> None:
    sources = {
        split: {window.clip.facts.source for window in map(windows.__getitem__, range(len(windows)))}
        for split in Split
        for windows in [PreparedWindows(prepared.out, split)]
    }

    assert set.union(*sources.values()) == prepared.good
    assert sum(map(len, sources.values())) == len(prepared.good)
    assert all(len(found) == 1 for found in sources.values())


def test_a_film_of_3_8_seconds_gives_two_windows(prepared: Prepared) -> None:
    windows = PreparedWindows(prepared.out, Split.TRAIN)

    assert [windows[index].first_frame for index in range(len(windows))] == [0, 12]


def test_two_processes_go_on_with_a_killed_run_and_give_the_shards_of_one_process_without_the_kill(
    prepared: Prepared, tmp_path: Path
) -> None:
    looks_at_one_and_a_half_clips = 8 + NUM_FRAMES + 8 + NUM_FRAMES // 2
    make_tools = partial(head_tools, looks_at_one_and_a_half_clips)
    killed = process_context().Process(target=prepare_videos, args=(prepared.videos, tmp_path, SETTINGS, make_tools))
    killed.start()
    killed.join()
    num_done = len(list((tmp_path / "clips").glob("*.json")))
    told: list[tuple[int, int]] = []

    prepare_videos(
        prepared.videos, tmp_path, SETTINGS, head_tools, workers=2, on_progress=lambda *counts: told.append(counts)
    )

    assert killed.exitcode == -signal.SIGKILL
    assert num_done == 1
    assert contents(tmp_path) == contents(prepared.out)
    assert told == [(number, len(prepared.films)) for number in range(2, len(prepared.films) + 1)]


def test_a_worker_that_dies_ends_the_run_with_a_word(prepared: Prepared, tmp_path: Path) -> None:
    with pytest.raises(PreparationError, match="a worker process died"):
        prepare_videos(prepared.videos, tmp_path, SETTINGS, partial(head_tools, 3), workers=2)

    assert not list(tmp_path.glob("*.tar"))


def test_what_is_done_is_not_looked_at_again(prepared: Prepared) -> None:
    before = contents(prepared.out)

    report = prepare_videos(prepared.videos, prepared.out, SETTINGS, no_tools)

    assert contents(prepared.out) == before
    assert report == prepared.report


def test_a_folder_takes_one_set_of_settings(prepared: Prepared) -> None:
    with pytest.raises(SettingsError, match=r"min_fps 20\.0, not 12\.0"):
        prepare_videos(prepared.videos, prepared.out, PreparationSettings(0.3, 0.3, 4, 12.0, 1), no_tools)


def test_two_runs_do_not_work_in_one_folder(prepared: Prepared) -> None:
    with _alone_in(prepared.out), pytest.raises(PreparationError, match="another run is at work"):
        prepare_videos(prepared.videos, prepared.out, SETTINGS, no_tools)


def test_an_unforeseen_failure_costs_one_clip_and_it_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class FailingDetector(HeadDetector):
        def detect(self, image: np.ndarray) -> list:
            raise ZeroDivisionError("strange picture")

    (tmp_path / "videos").mkdir()
    write_film(tmp_path / "videos/one.mp4")
    caplog.set_level(logging.CRITICAL)
    paths = tmp_path / "videos", tmp_path / "out"

    failed = prepare_videos(*paths, SETTINGS, lambda: Tools(FailingDetector()))
    repaired = prepare_videos(*paths, SETTINGS, head_tools)

    assert [clip.message for clip in failed.rejected] == ["ZeroDivisionError: strange picture"]
    assert len(repaired.accepted) == 1
    assert repaired.rejected == []


def test_a_folder_without_videos_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("none")

    with pytest.raises(SettingsError, match="holds no video file"):
        prepare_videos(tmp_path, tmp_path / "out", SETTINGS, no_tools)


def test_the_report_tells_numbers_and_every_rejected_clip(prepared: Prepared) -> None:
    report = json.loads((prepared.out / "report.json").read_text())
    text = (prepared.out / "report.txt").read_text()

    assert report["splits"]["test"] == {"clips": 1, "windows": 2, "seconds": 3.8}
    assert sum(report["reasons"].values()) == report["rejected"] == len(prepared.films) - len(prepared.good)
    assert "odd/too_short.mp4" in text
    assert "2.40 s of picture and sound; at least 3.2 s are needed" in text


def test_the_contact_sheet_has_a_row_for_each_clip(prepared: Prepared) -> None:
    with Image.open(prepared.out / CONTACT_SHEET) as sheet:
        assert sheet.size == (6 * 176, 3 * (176 + 20))


def test_webdataset_reads_the_shards_as_documented(prepared: Prepared) -> None:
    urls = [str(path) for split in Split for path in shard_paths(prepared.out, split)]
    documented = {
        Member.KEYPOINTS: ((NUM_FRAMES, 134, 3), np.float32),
        Member.BOXES: ((NUM_FRAMES, 4, 4), np.int16),
        Member.HAND_MADE: ((2, 80, 35), np.float32),
        Member.PICTURE_OFFSETS: ((NUM_FRAMES + 1,), np.int64),
    }

    samples = list(webdataset.WebDataset(urls, shardshuffle=False).decode())

    assert len(samples) == len(prepared.good)
    for sample in samples:
        assert sample[Member.FACTS]["source"] in prepared.good
        assert len(sample[Member.SPEECH]) == 44 + 2 * 640 * NUM_FRAMES
        assert {name: (sample[name].shape, sample[name].dtype) for name in documented} == documented


def test_nothing_unfinished_is_left(prepared: Prepared) -> None:
    left = {path.suffix for _, _, names in os.walk(prepared.out) for path in map(Path, names)}

    assert left == {".json", ".txt", ".tar", ".jpg", ""}
    assert not list((prepared.out / "clips").glob("*.tar"))

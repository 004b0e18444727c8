"""Laws of `mmgt evaluate`: two folders of videos become one report."""

import json
import tracemalloc
from itertools import islice

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mmgt_core.commands.evaluate import app
from mmgt_core.errors import InputCode, InputError, MMGTError
from mmgt_core.media.limits import MediaLimits
from mmgt_core.metrics import evaluation, pairs
from mmgt_core.metrics.pairs import match_folders, read_frames, read_poses
from tests.unit.metrics.clips import pictures, speaker, write_clip
from tests.unit.metrics.stand_ins import MeanColours, SoundAndMouth, save_script

NUM_FRAMES, SIDE = 40, 64


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three videos, generated and true: two are equal, one differs."""
    root = tmp_path_factory.mktemp("folders")
    for seed, name in enumerate(("ann", "ben", "cem")):
        truth = pictures(NUM_FRAMES, SIDE, seed)
        write_clip(root / "truth", name, truth, speaker(NUM_FRAMES, seed))
        frames = truth if name != "cem" else truth // 2 + 60
        write_clip(root / "generated", name, frames, speaker(NUM_FRAMES, seed))
    return root


@pytest.fixture(scope="module")
def report(folders, tmp_path_factory):
    """The report's folder, made with two of the four networks."""
    root = tmp_path_factory.mktemp("report")
    inception = save_script(MeanColours(), root / "inception.pt")
    syncnet = save_script(SoundAndMouth(), root / "syncnet.pt")
    arguments = ["--generated", folders / "generated", "--truth", folders / "truth", "--out", root / "out"]
    arguments += ["--resolution", "64", "--inception", inception, "--syncnet", syncnet]
    answer = CliRunner().invoke(app, [str(word) for word in arguments])
    assert answer.exit_code == 0, answer.output
    return root / "out"


def measured(report) -> dict[tuple[str, str], dict]:
    found = json.loads((report / "report.json").read_text())["measurements"]
    return {(item["metric"], item["region"]): item for item in found}


def test_every_metric_of_the_paper_is_in_the_report_as_a_number_or_a_reason(report) -> None:
    found = measured(report)

    for region in ("video", "face", "lips"):
        for metric in ("PSNR", "SSIM", "LPIPS", "FID", "KID", "FVD", "KVD"):
            assert (found[metric, region]["value"] is None) == found[metric, region]["note"].startswith("not measured")
    assert found["FID", "face"]["value"] > 0
    assert found["FVD", "video"]["note"] == "not measured: give --i3d PATH"
    assert {"FGD", "Diversity", "Beat alignment", "Hand speed", "Hand timing", "Hand confidence"} <= {
        name for name, _ in found
    }


def test_equal_poses_give_the_truths_own_numbers(report) -> None:
    found = measured(report)

    speed = found["Hand speed", "gesture"]
    assert speed["value"] == pytest.approx(speed["truth"]) != 0


def test_videos_without_sound_say_so_where_sound_is_needed(report) -> None:
    found = measured(report)

    assert found["Beat alignment", "gesture"]["note"] == "not measured: no video has sound with onsets"
    assert found["LSE-D", "lips"]["note"] == "not measured: no video has sound and the face's keypoints"


def test_the_page_shows_the_tables_the_resolution_and_how_the_papers_columns_behave(report) -> None:
    page = (report / "report.md").read_text()

    assert "3 videos, 120 frames at 25 a second, evaluated at 64 x 64 pixels" in page
    assert "| PSNR (higher) |" in page
    assert "LPIPS: not measured: give --lpips PATH." in page
    assert "behave as LSE-D and LSE-C" in page


def test_where_keypoints_of_some_videos_are_absent_the_report_counts_and_names_those_that_have_them(tmp_path) -> None:
    for name, has_truth, has_both in (("ann", True, True), ("ben", True, False), ("cem", False, False)):
        frames = pictures(20, 64, 0)
        write_clip(tmp_path / "truth", name, frames, speaker(20, 0) if has_truth else None)
        write_clip(tmp_path / "generated", name, frames, speaker(20, 0) if has_both else None)
    arguments = ["--generated", tmp_path / "generated", "--truth", tmp_path / "truth", "--out", tmp_path / "out"]

    answer = CliRunner().invoke(app, [str(word) for word in [*arguments, "--resolution", "64"]])

    assert answer.exit_code == 0, answer.output
    posed = json.loads((tmp_path / "out" / "report.json").read_text())["posed"]
    assert posed == {"face": ["ann", "ben"], "lips": ["ann", "ben"], "gesture": ["ann"]}
    page = (tmp_path / "out" / "report.md").read_text()
    assert "- keypoints: face in 2 of 3 videos, lips in 2 of 3 videos, gesture in 1 of 3 videos;" in page


def test_where_all_videos_have_keypoints_the_page_counts_none(report) -> None:
    assert "keypoints: face" not in (report / "report.md").read_text()


def test_the_sheet_shows_generated_above_truth_for_every_video(report) -> None:
    sheet = Image.open(report / "sheet.png")

    assert sheet.width >= 6 * SIDE
    assert sheet.height >= 2 * 3 * SIDE
    assert Image.open(report / "heat_map.png").width > 0


def test_the_shorter_of_two_videos_decides_the_number_of_frames(tmp_path) -> None:
    write_clip(tmp_path / "truth", "ann", pictures(40, 32, 0))
    write_clip(tmp_path / "generated", "ann", pictures(30, 32, 0))

    found = match_folders(tmp_path / "generated", tmp_path / "truth", MediaLimits())

    assert [pair.num_frames for pair in found] == [30]


def test_no_video_is_read_past_the_end_of_the_shorter(tmp_path, monkeypatch) -> None:
    read = {"generated": 0, "truth": 0}

    def count(side, path, limits):
        for frame in read_frames(side, path, limits):
            read[side] += 1
            yield frame

    monkeypatch.setattr(evaluation, "read_frames", count)
    write_clip(tmp_path / "truth", "ann", pictures(30, 32, 0))
    write_clip(tmp_path / "generated", "ann", pictures(40, 32, 0))
    pair = match_folders(tmp_path / "generated", tmp_path / "truth", MediaLimits())[0]

    blocks = list(evaluation._paired_blocks(pair, 32, MediaLimits()))

    assert [(len(frames), len(truth)) for frames, truth in blocks] == [(30, 30)]
    assert read == {"generated": 30, "truth": 30}


def test_a_block_is_held_at_the_resolution_of_the_evaluation_and_not_at_the_videos(tmp_path) -> None:
    write_clip(tmp_path, "ann", pictures(80, 256, 0))
    pair = match_folders(tmp_path, tmp_path, MediaLimits())[0]
    tracemalloc.start()

    blocks = list(evaluation._paired_blocks(pair, 32, MediaLimits()))
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(blocks[0][0]) == 80
    # One of both videos at its own size is 80 x 256 x 256 x 3 bytes.
    assert most_bytes < 80 * 256 * 256 * 3 / 4


def test_side_videos_of_a_generation_are_no_videos_of_their_own(tmp_path) -> None:
    for name in ("ann", "ann.pose", "ann.masks"):
        write_clip(tmp_path, name, pictures(20, 32, 0))

    assert [pair.name for pair in match_folders(tmp_path, tmp_path, MediaLimits())] == ["ann"]


def test_two_videos_of_one_name_are_refused_by_both_names(tmp_path) -> None:
    path = write_clip(tmp_path, "ann", pictures(20, 32, 0))
    path.with_suffix(".webm").write_bytes(path.read_bytes())

    with pytest.raises(MMGTError, match=r"generated: ann\.mp4 and ann\.webm in .* have one name"):
        match_folders(tmp_path, tmp_path, MediaLimits())


@pytest.mark.parametrize("side", ["generated", "truth"])
def test_a_video_that_is_broken_on_the_way_is_named_with_its_side(tmp_path, side, monkeypatch) -> None:
    for folder in ("generated", "truth"):
        write_clip(tmp_path / folder, "ann", pictures(20, 32, 0))
    broken = tmp_path / side / "ann.mp4"
    read = pairs.read_video_frames

    def break_off(path, limits):
        yield from islice(read(path, limits), 10)
        if path == broken:
            raise InputError(InputCode.DRIVING_VIDEO_UNREADABLE, "the file is damaged near 0.40 s")
        yield from islice(read(path, limits), 10)

    monkeypatch.setattr(pairs, "read_video_frames", break_off)
    pair = match_folders(tmp_path / "generated", tmp_path / "truth", MediaLimits())[0]

    with pytest.raises(MMGTError, match=rf"^{side}: ann\.mp4: the file is damaged near 0\.40 s$"):
        list(evaluation._paired_blocks(pair, 32, MediaLimits()))


def test_keypoints_that_are_not_finite_are_refused_by_file_and_number(tmp_path) -> None:
    poses = speaker(20, 0)
    poses.keypoints[3, 7, :2] = np.nan, np.inf
    np.save(tmp_path / "ann.keypoints.npy", poses.keypoints)

    with pytest.raises(MMGTError, match=r"poses: .*ann\.keypoints\.npy has 2 values that are not finite"):
        read_poses(tmp_path / "ann.mp4")


def test_videos_without_a_truth_are_counted_and_named(tmp_path) -> None:
    write_clip(tmp_path / "truth", "ann", pictures(20, 32, 0))
    for name in ("ann", "ben", "cem"):
        write_clip(tmp_path / "generated", name, pictures(20, 32, 0))

    with pytest.raises(MMGTError, match=r"truth: 2 of the 3 generated videos have none .* the first is ben"):
        match_folders(tmp_path / "generated", tmp_path / "truth", MediaLimits())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, r"generated: .* is not a folder"),
        (lambda folder: folder.mkdir(), r"generated: .* has 0 videos"),
        (lambda folder: (folder.mkdir(), (folder / "a.mp4").write_bytes(b"x")), r"a\.mp4"),
    ],
)
def test_a_folder_that_cannot_be_used_is_named_with_its_field(tmp_path, make, message) -> None:
    write_clip(tmp_path / "truth", "a", pictures(20, 32, 0))
    make(tmp_path / "generated")

    with pytest.raises(MMGTError, match=message):
        match_folders(tmp_path / "generated", tmp_path / "truth", MediaLimits())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--generated, --truth, --out must be given"),
        (["--generated", "a", "--truth", "b", "--out", "c", "--resolution", "7"], "7; it must be 32 to 1024"),
    ],
)
def test_wrong_usage_ends_with_2_and_names_the_option_and_the_number(arguments, message) -> None:
    answer = CliRunner().invoke(app, arguments, terminal_width=200)

    assert answer.exit_code == 2
    assert message in " ".join(answer.output.replace("│", " ").split())


def test_pictures_of_another_shape_and_keypoints_of_another_length_are_refused_by_number(tmp_path) -> None:
    truth = pictures(20, 64, 0)
    write_clip(tmp_path / "truth", "ann", truth, speaker(20, 0))
    write_clip(tmp_path / "generated", "ann", truth, speaker(12, 0))
    write_clip(tmp_path / "wide", "ann", np.repeat(truth, 2, axis=2))
    common = ["--truth", str(tmp_path / "truth"), "--out", str(tmp_path / "out")]

    short = CliRunner().invoke(app, ["--generated", str(tmp_path / "generated"), *common])
    wide = CliRunner().invoke(app, ["--generated", str(tmp_path / "wide"), *common])

    assert "ann.keypoints.npy has 12 frames; ann has 20" in str(short.exception)
    assert "generated: ann is 128 x 64 pixels, its truth 64 x 64" in str(wide.exception)

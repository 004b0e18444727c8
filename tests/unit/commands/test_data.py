"""`mmgt data prepare` as a user meets it."""

from pathlib import Path

import pytest

from mmgt_core.commands import data


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        data.run(["data", "prepare", *map(str, arguments)])
    return int(ended.value.code or 0)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "broken.mp4").write_bytes(b"not a video")
    return folder


def test_the_report_goes_to_standard_output_and_to_files(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(videos, "--out", tmp_path / "out")

    shown = capsys.readouterr().out
    assert code == 0
    assert shown.startswith("1 clips: 0 used (0.0 s), 1 rejected\n")
    assert shown == (tmp_path / "out/report.txt").read_text() + f"{tmp_path / 'out'}\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--test", "1.5"), 2, "together less than 1"),
        (("--workers", "0"), 2, "--workers"),
        (("--preset", "mmgt-2048"), 4, "there is no preset mmgt-2048"),
        (("--preset", "mmgt-512", "--weights", "nowhere"), 4, "no converted weights"),
    ],
)
def test_wrong_usage_and_absent_weights_are_told(
    videos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    assert run(videos, "--out", tmp_path / "out", *options) == code
    assert message in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "absent", "--out", tmp_path / "out") == 2
    assert "does not exist" in " ".join(capsys.readouterr().err.replace("│", " ").split())  # the box wraps its lines

"""`mmgt evaluate presenters` from its words to its page, by several processes."""

import json
from pathlib import Path

import pytest

from mmgt_core.commands.evaluate import run

WORDS = ("evaluate", "presenters", "--clips", "2", "--held-out-clips", "0", "--steps", "1", "--workers", "2")


def test_clips_are_measured_by_processes_and_kept(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run([*WORDS, "--seconds", "1.4", "--out", str(tmp_path)])

    numbers = json.loads((tmp_path / "presenters.json").read_text())
    assert not ended.value.code
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == ["900000.npz", "900001.npz"]
    assert numbers["figures"]["psnr_rebuilt"]["value"] > 5
    assert numbers["num_inference_steps"] == 1
    assert numbers["command"].endswith("--held-out-clips 0 --workers 2")


def test_a_clip_without_one_window_of_poses_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run([*WORDS, "--seconds", "1", "--out", str(tmp_path)])

    refused = capsys.readouterr().err
    assert ended.value.code == 2
    assert "--seconds" in refused
    assert "1.36" in refused

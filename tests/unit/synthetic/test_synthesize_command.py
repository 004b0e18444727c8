"""Laws of `mmgt synthesize`: four files that agree with each other."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from deploy.cli import main
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip

SEED = FIRST_HELD_OUT_SEED + 1


def synthesize(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["synthesize", *arguments])
    return int(ended.value.code or 0)


def test_four_files_hold_the_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = synthesize("--seed", str(SEED), "--seconds", "1.2", "--out", str(tmp_path / "new" / "clip"))
    folder = tmp_path / "new" / "clip"
    clip = synthetic_clip(SEED, 1.2)

    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "keypoints.npy", "reference.png", "speech.wav", "truth.mp4",
    ]  # fmt: skip
    assert capsys.readouterr().out.split() == [
        str(folder / name) for name in ("reference.png", "speech.wav", "keypoints.npy", "truth.mp4")
    ]
    assert np.array_equal(np.load(folder / "keypoints.npy"), clip.pose_sequence.keypoints)
    assert np.array_equal(np.asarray(Image.open(folder / "reference.png")), clip.render([0], 512)[0])
    decoded = decode_audio(folder / "speech.wav", MediaLimits()).waveform
    assert np.abs(decoded.samples - clip.waveform.samples).max() < 1e-4
    with av.open(str(folder / "truth.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
        assert len(video.streams.audio) == 1
    assert len(frames) == 30
    assert np.abs(frames[20].astype(int) - clip.render([20], 512)[0]).mean() < 4  # what H.264 loses


@pytest.mark.parametrize(
    "arguments", [("--seed", "-1"), ("--seed", "1", "--seconds", "0.2"), ("--seed", "1", "--language", "xx"), ()]
)
def test_wrong_usage_is_told_before_anything_is_written(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folder = tmp_path / "clip"

    assert synthesize(*arguments, "--out", str(folder)) == 2
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")

    assert synthesize("--seed", "1", "--seconds", "1", "--out", str(tmp_path / "file" / "clip")) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err

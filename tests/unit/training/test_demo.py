"""Laws of `make demo-weights`: a training runs in several processes, and once."""

import json
from pathlib import Path

import pytest
import torch

from mmgt_core.errors import MMGTError
from mmgt_core.training.demo import train
from mmgt_core.training.vae import along_colour_axes

SHORT = """
base = "demo-vae"
[loop]
steps = {steps}
batch_size = 2
[vae.presenters]
num_clips = 10
frames_per_clip = 1
"""


def test_a_training_runs_in_two_processes_once_and_leaves_its_weights(tmp_path: Path) -> None:
    configuration = tmp_path / "demo-short.toml"
    configuration.write_text(SHORT.format(steps=2))
    train(str(configuration), tmp_path)
    report = tmp_path / "short" / "report.json"
    finished = report.stat()

    train(str(configuration), tmp_path)

    assert json.loads(report.read_text())["num_processes"] == 2
    assert (tmp_path / "short" / "vae.safetensors").is_file()
    assert report.stat().st_mtime_ns == finished.st_mtime_ns

    report.unlink()
    configuration.write_text(SHORT.format(steps=2).replace("batch_size = 2", "batch_size = 4"))
    with pytest.raises(MMGTError, match=r"training .* ended with"):
        train(str(configuration), tmp_path)


def test_errors_of_hue_count_more_than_those_of_lightness_by_their_weight() -> None:
    grey, green = (torch.tensor(colour).view(1, 3, 1, 1) for colour in ([1.0, 1.0, 1.0], [-1.0, 2.0, -1.0]))

    lightness, hue = along_colour_axes(grey, 2.0), along_colour_axes(green, 2.0)

    assert lightness.square().sum().item() == pytest.approx(3)
    assert hue.square().sum().item() == pytest.approx(6 * 2.0**2)
    assert lightness[:, 1:].abs().max().item() == pytest.approx(0, abs=1e-6)

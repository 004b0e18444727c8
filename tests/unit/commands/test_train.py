"""Laws of `mmgt train`."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from mmgt_core.commands.train import run
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.configuration import TrainingConfiguration
from mmgt_core.training.machinery.loop import Prepared, Progress
from mmgt_core.training.processes.by_name import PROCESSES
from tests.unit.training.machinery.line_fitting import LineFitting, Points

LINE = """
process = "line"
[loop]
steps = 5
batch_size = 2
learning_rate = 0.1
optimiser = "adamw"
"""


def prepare_line(configuration: TrainingConfiguration, folder: Path, num_workers: int, told: Progress) -> Prepared:
    return Prepared(LineFitting(), Points())


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of a process that fits a line."""
    monkeypatch.setitem(PROCESSES, "line", prepare_line)
    path = tmp_path / "line.toml"
    path.write_text(LINE)
    return path


class Interrupting(Points):
    """Reading its first item interrupts the program."""

    def __init__(self) -> None:
        self.is_sent = False

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        if not self.is_sent:
            os.kill(os.getpid(), signal.SIGTERM)
            self.is_sent = True
        return super().item(index, generator)


def status(*words: object) -> int:
    with pytest.raises(SystemExit) as ending:
        run(["train", *map(str, words)])
    return int(ending.value.code or 0)


def test_a_run_ends_with_its_report_and_more_steps_go_on_from_there(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("line", "--config", config, "--data", tmp_path, "--out", tmp_path / "run", "--device", "cpu")

    first = status(*words)
    report = Path(capsys.readouterr().out.strip())
    steps = json.loads(report.read_text())["steps"]
    second = status(*words, "--steps", 8)

    assert (first, second) == (0, 0)
    assert steps == 5
    assert json.loads(report.read_text())["steps"] == 8
    assert (tmp_path / "run" / "line.safetensors").is_file()


def test_a_signal_ends_the_run_after_a_step_with_a_checkpoint(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PROCESSES, "line", lambda *_: Prepared(LineFitting(), Interrupting()))

    code = status("line", "--config", config, "--data", tmp_path, "--out", tmp_path / "run", "--device", "cpu")

    assert code == 130
    assert "interrupted after step 1" in capsys.readouterr().err
    assert (tmp_path / "run" / "checkpoint-00000001").is_dir()


@pytest.mark.parametrize(
    ("process", "configuration", "message"),
    [
        ("gan", "demo-smga", "there is no process gan; there are smga"),
        ("smga", "demo-smgaa", "there is no configuration demo-smgaa"),
        ("line", "demo-smga", "demo-smga is a configuration of smga, not of line"),
    ],
)
def test_wrong_names_are_told_at_once(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], process: str, configuration: str, message: str
) -> None:
    code = status(process, "--config", configuration, "--data", tmp_path, "--out", tmp_path / "run")

    assert code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


def test_a_folder_without_prepared_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = status("smga", "--config", "published-smga", "--data", tmp_path, "--out", tmp_path / "run")

    assert code == 1
    assert "mmgt data prepare" in capsys.readouterr().err

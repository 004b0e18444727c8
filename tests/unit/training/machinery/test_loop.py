"""Laws of the training loop."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mmgt_core.errors import Cancelled
from mmgt_core.training.machinery.configuration import ConfigurationError
from mmgt_core.training.machinery.loop import DivergedError, run_training
from tests.unit.training.machinery.line_fitting import CONFIG, LineFitting, Points

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "line.safetensors")


def latest_weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next(folder.glob("checkpoint-*")) / "weights.safetensors")


def test_a_run_learns_and_leaves_weights_samples_curves_and_a_report(tmp_path: Path) -> None:
    config = replace(CONFIG, steps=400, sample_every=200, decay_from=0.5, ema_decay=0.9)
    process = LineFitting()

    report = run_training(process, Points(), config, tmp_path, CPU)

    assert weights(tmp_path)["weight"].item() == pytest.approx(2, abs=0.1)
    assert weights(tmp_path)["bias"].item() == pytest.approx(1, abs=0.1)
    assert process.sampled == [200, 400]
    assert list((tmp_path / "tensorboard").iterdir())
    assert report.parameters == 2
    assert json.loads((tmp_path / "report.json").read_text())["steps"] == 400
    assert report.losses["total"] < 0.01


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "adan"])
def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path: Path, optimiser: str) -> None:
    config = replace(CONFIG, optimiser=optimiser, weight_decay=0.02)
    run_training(LineFitting(), Points(), config, tmp_path / "whole", CPU)
    answers = iter([False] * 4 + [True])
    with pytest.raises(Cancelled, match="step 5"):
        run_training(LineFitting(), Points(), config, tmp_path / "parts", CPU, is_interrupted=lambda: next(answers))

    steps: list[int] = []
    run_training(LineFitting(), Points(), config, tmp_path / "parts", CPU, lambda step, _: steps.append(step))

    assert steps[0] == 6
    assert latest_weights(tmp_path / "parts").keys() == {"line.weight", "line.bias"}
    for name, value in latest_weights(tmp_path / "whole").items():
        assert torch.equal(latest_weights(tmp_path / "parts")[name], value)
    for name, value in weights(tmp_path / "whole").items():
        assert torch.equal(weights(tmp_path / "parts")[name], value)


def test_a_finished_run_trains_no_further(tmp_path: Path) -> None:
    losses = run_training(LineFitting(), Points(), CONFIG, tmp_path, CPU).losses
    before = weights(tmp_path)
    steps: list[int] = []

    report = run_training(
        LineFitting(), Points(), CONFIG, tmp_path, CPU, on_progress=lambda step, _: steps.append(step)
    )

    assert steps == []
    assert (report.steps, report.losses) == (CONFIG.steps, losses)
    assert all(torch.equal(before[name], value) for name, value in weights(tmp_path).items())


def test_a_folder_of_another_configuration_is_refused(tmp_path: Path) -> None:
    run_training(LineFitting(), Points(), CONFIG, tmp_path, CPU)

    with pytest.raises(ConfigurationError, match="batch_size 4 then, 2 now"):
        run_training(LineFitting(), Points(), replace(CONFIG, batch_size=2, steps=20), tmp_path, CPU)


def test_weights_that_diverged_do_not_replace_those_that_were_good(tmp_path: Path) -> None:
    process, config = LineFitting(), replace(CONFIG, checkpoint_every_steps=2)
    answers = iter([False] * 4 + [True])
    with pytest.raises(Cancelled):
        run_training(process, Points(), config, tmp_path, CPU, is_interrupted=lambda: next(answers))
    good = latest_weights(tmp_path)
    broken = LineFitting()
    losses = broken.losses
    broken.losses = lambda *given: {name: value * torch.nan for name, value in losses(*given).items()}

    with pytest.raises(DivergedError, match=r"the losses total.* are not finite at step 6"):
        run_training(broken, Points(), config, tmp_path, CPU)

    assert all(torch.equal(good[name], value) for name, value in latest_weights(tmp_path).items())


def test_half_precision_is_refused_on_a_cpu(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="mixed_precision is fp16; a CPU trains with no or bf16"):
        run_training(LineFitting(), Points(), replace(CONFIG, mixed_precision="fp16"), tmp_path, CPU)


def test_two_processes_go_on_with_a_run_share_every_batch_and_hold_the_same_weights(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run_training(LineFitting(), Points(), CONFIG, tmp_path, torch.device("cpu"), is_interrupted=lambda: True)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"]
    command = [*torchrun, "--local-addr=127.0.0.1", "-m", "tests.unit.training.machinery.line_fitting", str(tmp_path)]

    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)

    ranks = [load_file(tmp_path / f"rank-{rank}.safetensors") for rank in range(2)]
    assert json.loads((tmp_path / "report.json").read_text())["num_processes"] == 2
    assert all(torch.equal(ranks[0][name], ranks[1][name]) for name in ("weight", "bias"))
    assert set(ranks[0]["seen"].tolist()).isdisjoint(ranks[1]["seen"].tolist())

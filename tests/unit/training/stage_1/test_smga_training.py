"""Laws of stage 1's training."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mmgt_core.smga.model import SMGA
from mmgt_core.training.machinery.loop import run_training
from mmgt_core.training.stage_1.losses import pose_loss_terms
from mmgt_core.training.stage_1.smga import SMGATraining, draw_timesteps
from mmgt_core.training.stage_1.spoken_windows import SpeechToPoseData, collate
from tests.unit.training.stage_1.tiny_smga import CONFIG, OPTIONS, made_up_windows, tiny_preset, tiny_training

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """As many as in the process that is killed: the order of additions follows it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trained(folder: Path) -> list[int]:
    """The steps that this run took."""
    process, data = tiny_training()
    steps: list[int] = []
    run_training(process, data, CONFIG, folder, CPU, lambda step, _: steps.append(step))
    return steps


def kill_in_the_middle(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.unit.training.stage_1.tiny_smga", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as training:
        assert training.stdout is not None
        next(line for line in training.stdout if int(line) == 8)
        training.kill()


@pytest.mark.usefixtures("_one_thread")
def test_a_run_killed_in_the_middle_ends_with_the_same_weights(tmp_path: Path) -> None:
    trained(tmp_path / "whole")
    kill_in_the_middle(tmp_path / "killed")
    assert not (tmp_path / "killed" / "report.json").exists()

    assert trained(tmp_path / "killed")[0] > CONFIG.checkpoint_every_steps

    whole, resumed = (load_file(tmp_path / name / "smga.safetensors") for name in ("whole", "killed"))
    assert whole.keys() == resumed.keys() == SMGA(tiny_preset().smga).state_dict().keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def batch() -> dict[str, torch.Tensor]:
    _, data = tiny_training()
    return dict(collate([data.item(index, np.random.default_rng(index)) for index in range(4)]))


def test_the_loss_is_the_sum_of_six_terms_and_the_head_weight_scales_three() -> None:
    items = batch()
    found = {}
    for weight in (0.0, 1.0, 3.0):
        data = SpeechToPoseData(made_up_windows(), 0.0)
        process = SMGATraining(replace(OPTIONS, head_weight=weight), tiny_preset(), data, data, seed=0)
        found[weight] = process.losses(items, torch.Generator().manual_seed(0))

    names = [name for name in found[3.0] if name != "total"]
    assert len(names) == 6
    assert found[3.0]["total"].item() == pytest.approx(sum(found[3.0][name].item() for name in names), rel=1e-5)
    for name in names:
        ratio = 3 if name.startswith("head") else 1
        assert found[3.0][name].item() == pytest.approx(ratio * found[1.0][name].item(), rel=1e-5)
    assert found[0.0]["head_position"].item() == 0


def test_scales_are_factors_of_the_errors_of_their_order() -> None:
    generator = torch.Generator().manual_seed(0)
    predicted, target = (torch.randn(2, 8, 402, generator=generator) for _ in range(2))
    scales = torch.stack([torch.full((402,), factor) for factor in (1.0, 2.0, 0.0)])

    plain, scaled = pose_loss_terms(predicted, target), pose_loss_terms(predicted, target, scales=scales)

    expected = [factor * term for factor, term in zip((1, 4, 0, 1, 4, 0), plain.ordered(), strict=True)]
    torch.testing.assert_close(torch.stack(scaled.ordered()), torch.stack(expected))


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_timesteps_of_little_noise_are_drawn_as_often_as_asked(power: float) -> None:
    drawn = draw_timesteps(20_000, power, torch.Generator().manual_seed(0))

    assert (drawn.min().item(), drawn.max().item()) == (0, 999)
    assert (drawn < 250).float().mean().item() == pytest.approx(0.25 ** (1 / power), abs=0.02)


def test_dropped_speech_cannot_be_heard() -> None:
    items = batch()
    data = SpeechToPoseData(made_up_windows(), 0.0)
    process = SMGATraining(replace(OPTIONS, condition_dropout=1.0), tiny_preset(), data, data, seed=0)
    other = {**items, "condition": items["condition"] + 1}

    losses = [process.losses(given, torch.Generator().manual_seed(0))["total"] for given in (items, other)]

    assert torch.equal(*losses)


def test_a_sample_is_a_video_and_compares_mouths_and_hands_with_the_truth(tmp_path: Path) -> None:
    process, _ = tiny_training()

    with torch.no_grad():
        process.sample(tmp_path, 3)

    figures = json.loads((tmp_path / "step-000003.json").read_text())
    assert -1 <= figures["mouth_correlation"] <= 1
    assert (tmp_path / "step-000003.npy").is_file()
    assert (tmp_path / "step-000003.mp4").is_file()

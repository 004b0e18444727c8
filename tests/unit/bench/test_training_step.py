"""The benchmark of training steps takes every published configuration through whole steps."""

import logging
from dataclasses import replace

import pytest

from mmgt_core.bench.training_step import PROCESSES, main
from tests.unit.training.presenters.tiny_presenters import TINY

SMALLEST = replace(TINY, smga=replace(TINY.smga, width=16, feedforward_width=16, num_layers=1))


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_measured(name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmgt_core.bench.training_step.MEASURED_STEPS", 1)
    monkeypatch.setattr("mmgt_core.bench.training_step.WARM_UP_STEPS", 1)

    with caplog.at_level(logging.INFO, "mmgt_core.bench.training_step"):
        main([name], SMALLEST)

    (line,) = caplog.messages
    assert f"process={name}" in line
    assert float(line.split("seconds=")[1].split()[0]) > 0

"""Laws of the moving average and of the learning rate."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from mmgt_core.training.machinery.configuration import LoopConfig
from mmgt_core.training.machinery.ema import MovingAverage
from mmgt_core.training.machinery.optimisers import learning_rate

CONFIG = LoopConfig(steps=100, batch_size=1, learning_rate=2.0, optimiser="adam", warmup_steps=10, decay_from=0.5)


def test_the_average_follows_quickly_at_first_and_by_its_decay_later() -> None:
    weight = nn.Parameter(torch.zeros(1))
    average = MovingAverage({"weight": weight}, decay=0.9)
    weight.data.fill_(1.0)

    average.update(step=1)
    early = average.averages["weight"].item()
    average.update(step=1000)

    assert early == pytest.approx(1 - 2 / 11)
    assert average.averages["weight"].item() == pytest.approx(1 - 2 / 11 * 0.9)


def test_the_average_stands_in_the_network_only_inside() -> None:
    weight = nn.Parameter(torch.zeros(1))
    average = MovingAverage({"weight": weight}, decay=0.5)
    weight.data.fill_(1.0)

    with average.applied():
        inside = weight.item()

    assert (inside, weight.item()) == (0.0, 1.0)


def test_the_rate_rises_stands_and_falls_to_nothing() -> None:
    rates = [learning_rate(CONFIG, step) for step in range(100)]

    assert rates[0] == pytest.approx(0.2)
    assert rates[9:50] == [2.0] * 41
    assert rates[75] == pytest.approx(1.0)
    assert rates[99] < 0.01
    assert all(later <= earlier for earlier, later in pairwise(rates[10:]))


def test_without_decay_the_rate_stays() -> None:
    assert learning_rate(replace(CONFIG, decay_from=1.0), 99) == 2.0

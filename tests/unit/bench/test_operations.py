"""Operations are counted as they are executed, in whichever thread, on a CPU too."""

from threading import Thread

import torch
from torch import nn
from torch.nn import functional as F

from mmgt_core.bench.operations import counted
from mmgt_core.bench.spread import Spread, seconds_of

CPU = torch.device("cpu")


class OneOfEach(nn.Module):
    """A linear layer, a convolution and an attention."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.convolution = nn.Linear(8, 8), nn.Conv2d(1, 2, 3)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        self.convolution(rows[None, None])
        heads = self.linear(rows).view(1, 2, -1, 4)  # (B, heads, N, D)
        return F.scaled_dot_product_attention(heads, heads, heads)


LINEAR, CONVOLUTION, ATTENTION = 2 * 16 * 8 * 8, 2 * 2 * 14 * 6 * 9, 2 * 2 * (2 * 16 * 16 * 4)


def test_a_multiply_add_is_two_operations_and_attention_on_a_cpu_counts() -> None:
    network = OneOfEach()
    with counted({"one": network}) as found, torch.inference_mode():
        network(torch.randn(16, 8))
        network(torch.randn(16, 8))

    assert found["one"].calls == 2
    assert found["one"].operations == 2 * (LINEAR + CONVOLUTION + ATTENTION)
    assert found["one"].is_finite


def test_a_call_in_another_thread_counts_and_one_after_the_end_does_not() -> None:
    network = OneOfEach()
    with counted({"one": network}) as found:
        thread = Thread(target=network, args=[torch.randn(16, 8)])
        thread.start()
        thread.join()
    network(torch.randn(16, 8))

    assert (found["one"].calls, found["one"].operations) == (1, LINEAR + CONVOLUTION + ATTENTION)


def test_what_is_not_finite_is_told() -> None:
    network = OneOfEach()
    with counted({"one": network}) as found:
        network(torch.full((16, 8), float("nan")))

    assert not found["one"].is_finite


def test_what_is_timed_is_warmed_up_and_repeated_but_not_for_ever() -> None:
    calls = []
    many = seconds_of(lambda: calls.append(1), CPU, times=7, warm_up=3)
    once = seconds_of(lambda: calls.append(1), CPU, times=7, warm_up=0, within_s=0.0)

    assert (many.times, once.times, len(calls)) == (7, 1, 11)
    assert many.least <= many.median <= many.most
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0, 3)

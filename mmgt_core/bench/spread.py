"""How long something takes: warmed up, timed several times, and told as a median with what lies around it."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

TIMES = 5
"""Fewer tell nothing about chance."""


@dataclass(frozen=True)
class Spread:
    """Of repeated measurements in one unit."""

    median: float
    least: float
    most: float
    times: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values), len(values))


def seconds_of(
    function: Callable[[], object], device: torch.device, times: int = TIMES, warm_up: int = 2, within_s: float = 60.0
) -> Spread:
    """Seconds of a call, to the end of what it gave the device to do.

    Args:
        function: the call.
        device: where it works.
        times: how often it is timed; less where `within_s` is over, but once at least.
        warm_up: how often it is called before.
        within_s: for all timed calls together.
    """
    for _ in range(warm_up):
        function()
    settle(device)
    took: list[float] = []
    while len(took) < times and (not took or sum(took) < within_s):
        began = time.perf_counter()
        function()
        settle(device)
        took.append(time.perf_counter() - began)
    return Spread.of(took)


def settle(device: torch.device) -> None:
    """Wait until the device has done everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)

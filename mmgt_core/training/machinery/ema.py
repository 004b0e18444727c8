"""The moving average of the weights: what is exported, sampled and judged."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn


class MovingAverage:
    """Exponential moving average of named parameters, in float32."""

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        """Args: parameters: those that are trained; the average begins with their values. decay: in [0, 1)."""
        self._parameters = parameters
        self._decay = decay
        self.averages = {name: value.detach().float().clone() for name, value in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` steps; early on the average follows faster: min(decay, (1 + s)/(10 + s))."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            list(self.averages.values()), [value.detach().float() for value in self._parameters.values()], 1 - decay
        )

    @torch.no_grad()
    def restore(self, averages: Mapping[str, torch.Tensor]) -> None:
        """Go on from the averages of a checkpoint."""
        for name, value in self.averages.items():
            value.copy_(averages[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Inside, the networks hold the averages instead of their own weights."""
        kept = {name: value.detach().clone() for name, value in self._parameters.items()}
        _copy(self.averages, self._parameters)
        try:
            yield
        finally:
            _copy(kept, self._parameters)


@torch.no_grad()
def _copy(values: Mapping[str, torch.Tensor], parameters: Mapping[str, nn.Parameter]) -> None:
    for name, parameter in parameters.items():
        parameter.copy_(values[name])

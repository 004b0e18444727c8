"""The optimisers by name, and the learning rate as a function of the step."""

import math
from collections.abc import Iterable

import optimi
import torch
from torch import nn

from mmgt_core.training.machinery.configuration import LoopConfig

_EPSILON = 1e-8


def build_optimiser(config: LoopConfig, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Adam (decay in the gradient, as the paper), AdamW (decoupled) or Adan (as the published stage 1)."""
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimiser == "adan":
        return optimi.Adan(parameters, lr=rate, weight_decay=decay, eps=_EPSILON)
    kind = torch.optim.Adam if config.optimiser == "adam" else torch.optim.AdamW
    return kind(parameters, lr=rate, weight_decay=decay, eps=_EPSILON)


def learning_rate(config: LoopConfig, step: int) -> float:
    """Of the step after `step` finished ones: linear warm-up, constant, cosine to 0 at the end."""
    rate = config.learning_rate * min(1.0, (step + 1) / max(1, config.warmup_steps))
    decay_start = config.decay_from * config.steps
    if step < decay_start or decay_start >= config.steps:
        return rate
    return rate * 0.5 * (1 + math.cos(math.pi * (step - decay_start) / (config.steps - decay_start)))


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """For the next step."""
    for group in optimiser.param_groups:
        group["lr"] = rate

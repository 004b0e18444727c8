"""Steps on one batch: what tests of every room look at."""

import numpy as np
import torch

from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.machinery.loop import TrainingProcess


def batch_of(source, num_items: int = 3) -> Batch:
    items = [source.item(index, np.random.default_rng(index)) for index in range(num_items)]
    return {name: torch.stack([item[name] for item in items]) for name in items[0]}


def losses_over_steps(process: TrainingProcess, batch: Batch, steps: int) -> list[float]:
    """The loss on one batch with the same noise at every step."""
    parameters = [
        value for network in process.networks.values() for value in network.parameters() if value.requires_grad
    ]
    optimiser = torch.optim.Adam(parameters, 1e-3)
    found = []
    for _ in range(steps):
        loss = process.losses(batch, torch.Generator().manual_seed(1))["total"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found

"""Which items make up the batch of a step: a function of (seed, step, process), so that a resumed run sees the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from mmgt_core.training.machinery.configuration import ConfigurationError, LoopConfig

Batch = Mapping[str, torch.Tensor]
"""Tensors of one batch by name, on the device of the networks."""


class TrainingData(Protocol):
    """What a process learns from."""

    def __len__(self) -> int:
        """How many items there are."""
        ...

    def item(self, index: int, generator: np.random.Generator) -> Batch:
        """One item, without the batch dimension; whatever is drawn (a window, a frame) is drawn from the generator."""
        ...


@dataclass(frozen=True)
class Draw:
    """An item's index and the seed of what is drawn in it: another at each visit."""

    index: int
    seed: int


class _Items(Dataset[Batch]):
    def __init__(self, source: TrainingData) -> None:
        self._source = source

    def __getitem__(self, draw: Draw) -> Batch:
        return self._source.item(draw.index, np.random.default_rng(draw.seed))


class BatchOrder(Sampler[list[Draw]]):
    """The draws of each step from `first_step` on, for one of several processes; every epoch has its own order."""

    def __init__(self, num_items: int, config: LoopConfig, first_step: int, rank: int, num_processes: int) -> None:
        """Raises: ConfigurationError: there is nothing to learn from, or the batch cannot be shared out evenly."""
        if num_items == 0:
            raise ConfigurationError("the training data holds no item")
        if config.batch_size % num_processes:
            raise ConfigurationError(f"batch_size {config.batch_size} cannot be shared by {num_processes} processes")
        self._num_items = num_items
        self._config = config
        self._first_step = first_step
        self._rank = rank
        self._share = config.batch_size // num_processes
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def __iter__(self) -> Iterator[list[Draw]]:
        for step in range(self._first_step, self._config.steps):
            begin = step * self._config.batch_size + self._rank * self._share
            yield [self._draw(position) for position in range(begin, begin + self._share)]

    def __len__(self) -> int:
        return max(0, self._config.steps - self._first_step)

    def _draw(self, position: int) -> Draw:
        epoch, place = divmod(position, self._num_items)
        if epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng((self._config.seed, epoch)).permutation(self._num_items)
        seed = int(np.random.SeedSequence((self._config.seed, position)).generate_state(1, np.uint64)[0])
        return Draw(int(self._order[place]), seed)


def batches(
    source: TrainingData, config: LoopConfig, first_step: int, rank: int, num_processes: int
) -> DataLoader[Batch]:
    """One batch a step, from `first_step` to the end, on the CPU."""
    order = BatchOrder(len(source), config, first_step, rank, num_processes)
    return DataLoader(
        _Items(source), batch_sampler=order, num_workers=config.num_workers, pin_memory=torch.cuda.is_available()
    )


def step_generator(seed: int, step: int, rank: int, device: torch.device) -> torch.Generator:
    """Fresh randomness for one step of one process; seeds the global generators (dropout) as well."""
    state = int(np.random.SeedSequence((seed, step, rank, 1)).generate_state(1, np.uint64)[0]) >> 1
    torch.manual_seed(state)
    return torch.Generator(device=device).manual_seed(state)

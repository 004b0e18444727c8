"""The operations that networks execute, counted while they run, on whichever device; and that they are finite."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

_Shape = tuple[int, ...]
_ATTENTION_OF_CPUS = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


@dataclass
class Counted:
    """Of one network: calls, operations of all of them (a multiply-add is two), whether every output was finite."""

    calls: int = 0
    operations: int = 0
    is_finite: bool = True


@dataclass
class _Running(threading.local):
    modes: list[FlopCounterMode] = field(default_factory=list)


@contextmanager
def counted(networks: Mapping[str, nn.Module]) -> Iterator[dict[str, Counted]]:
    """Count what each of these networks does until the end of the context.

    In the thread that calls it, whichever that is. A compiled network shows none of its operations: count it eager.
    """
    found = {name: Counted() for name in networks}
    running = _Running()
    handles = []
    for name, network in networks.items():
        handles.append(network.register_forward_pre_hook(lambda *_: _enter(running)))
        handles.append(network.register_forward_hook(partial(_leave, running, found[name])))
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def operations_of(function: Callable[[], object]) -> int:
    """The operations of all that a call does in this thread."""
    with _counter() as mode:
        function()
    return mode.get_total_flops()


def _counter() -> FlopCounterMode:
    return FlopCounterMode(display=False, custom_mapping={_ATTENTION_OF_CPUS: _attention_of_cpus})


def _enter(running: _Running) -> None:
    mode = _counter()
    running.modes.append(mode)
    mode.__enter__()


def _leave(running: _Running, here: Counted, network: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ANN401
    mode = running.modes.pop()
    mode.__exit__(None, None, None)
    here.calls += 1
    here.operations += mode.get_total_flops()
    tensors = [value for value in tree_leaves(output) if isinstance(value, torch.Tensor)]
    here.is_finite = here.is_finite and all(bool(value.isfinite().all()) for value in tensors)


def _attention_of_cpus(query: _Shape, key: _Shape, value: _Shape, *_: object, **__: object) -> int:
    """PyTorch counts the attention of GPUs only."""
    return int(sdpa_flop_count(query, key, value))

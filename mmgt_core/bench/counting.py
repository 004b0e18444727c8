"""Operations and launches of a call, counted on meta tensors: nothing is computed, so full size takes seconds.

A launch is what would be a kernel on a GPU without compilation: every operation that is no view and no allocation,
attention as one.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch._ops import OpOverload
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

_NO_KERNEL = frozenset({"empty", "new_empty", "empty_like", "empty_strided", "_unsafe_view"})


@dataclass(frozen=True)
class Counted:
    """operations: of matrix products, convolutions and attention, a multiply-add being two. launches: by operation."""

    operations: int
    launches: Counter[str]


def counted(call: Callable[[], object]) -> Counted:
    """Count what a call on meta tensors does, without gradients."""
    attention, launches = _FusedAttention(), _Launches()
    with torch.no_grad(), FlopCounterMode(display=False) as products, launches, attention:
        call()
    return Counted(
        products.get_total_flops() + attention.operations, launches.found + Counter(attention=attention.calls)
    )


class _FusedAttention(TorchFunctionMode):
    """Attention as the one kernel that it is on a GPU, its result laid out as that kernel leaves it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = self.operations = 0

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[torch.Tensor, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        return self._attended(*args) if func is F.scaled_dot_product_attention else func(*args, **(kwargs or {}))

    def _attended(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        rows, heads, length, width = query.shape
        self.calls += 1
        self.operations += 2 * 2 * rows * heads * length * key.shape[2] * width  # queries by keys, weights by values
        return value.new_empty(rows, length, heads, width).transpose(1, 2)


class _Launches(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(
        self,
        func: OpOverload[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        name = func.overloadpacket.__name__
        if not (func.is_view or name in _NO_KERNEL):
            self.found[name] += 1
        return func(*args, **(kwargs or {}))

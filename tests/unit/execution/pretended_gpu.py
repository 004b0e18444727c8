"""A GPU that is only pretended: what would lie on it is a fake tensor, what lies on the CPU is real and computed.

It refuses what a GPU would refuse, and remembers each transfer between the two sides and each wait for the device, with
the line of ours that asked for it. For a process of its own: it changes torch for all that runs there.
"""

import ctypes
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.weak import WeakIdKeyDictionary

GPU = torch.device("cuda", 0)
_CUDA, _META = 1, 14  # c10's numbers of device types
_GUARDS = "_ZN3c104impl26device_guard_impl_registryE"
_SOURCE = "/mmgt_core/"

READS = frozenset({"_local_scalar_dense", "nonzero"})
"""What the host cannot go on without: a number, or how many there are."""
PINNING = frozenset({"pin_memory", "_pin_memory"})
ONE_TYPE = frozenset(
    {"mm", "addmm", "bmm", "baddbmm", "convolution", "native_layer_norm", "native_group_norm"}
    | {f"_scaled_dot_product_{kind}_attention" for kind in ("flash", "efficient", "cudnn", "fused")}
)
"""Kernels of a GPU that refuse operands of different floating types, which the CPU's or the fake ones may take."""


@dataclass(frozen=True)
class Asked:
    """One transfer or wait: what it was, which line of ours asked for it, and `file:function` of all that called it."""

    what: str
    line: int
    callers: tuple[str, ...]


class SharedFakes(FakeTensorMode):
    """Fake tensors that several threads may ask for their device: the library's own mode tells all what one is at."""

    def __init__(self) -> None:
        self._at = threading.local()
        super().__init__(allow_non_fake_inputs=True)

    @property
    def in_kernel_invocation(self) -> bool:
        return getattr(self._at, "kernel", False)

    @in_kernel_invocation.setter
    def in_kernel_invocation(self, is_in_one: bool) -> None:
        self._at.kernel = is_in_one


@dataclass
class PretendedGPU(TorchDispatchMode):
    """Sends each operation to the side where it belongs, and counts what goes between the sides."""

    events: Counter[Asked] = field(default_factory=Counter)
    num_operations: int = 0
    pinned: Any = field(default_factory=WeakIdKeyDictionary)
    fake: FakeTensorMode = field(default_factory=SharedFakes)
    lock: Any = field(default_factory=threading.RLock)

    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self.lock:
            return self._routed(func, args, kwargs or {})

    def _routed(self, func: Any, args: Any, kwargs: Any) -> Any:
        name = func.overloadpacket.__name__
        given = tree_leaves((args, kwargs))
        leaves = [leaf for leaf in given if isinstance(leaf, torch.Tensor)]
        is_there = any(map(lies_on_gpu, leaves))
        if not is_there and GPU not in given:
            return self._on_cpu(func, name, args, kwargs)
        if name in READS:
            self.remember(f"{name} waits for the device")
        if name == "_local_scalar_dense":
            return _any_number(leaves[0].dtype)
        if func.namespace == "aten":
            with self:
                parts = func.decompose(*args, **kwargs)  # an operation that is made of others
            if parts is not NotImplemented:
                return parts
        self._check_types(name, leaves)
        self.num_operations += 1
        out = func(*self._faked(args), **self._faked(kwargs))
        if not is_there and leaves:
            self._sent(name, leaves, is_blocking=not kwargs.get("non_blocking", False))
        return self._taken_back(name, args, kwargs, out)

    def _on_cpu(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        if name == "is_pinned":
            return args[0] in self.pinned
        is_pinned = bool(kwargs.pop("pin_memory", False)) or name in PINNING
        with unset_fake_temporarily():
            out = args[0].clone() if name in PINNING else func(*args, **kwargs)
        if is_pinned:
            self.pinned[out] = True
        return out

    def _faked(self, values: Any) -> Any:
        def fake(tensor: torch.Tensor) -> torch.Tensor:
            return tensor if isinstance(tensor, FakeTensor) else self.fake.from_tensor(tensor)

        return tree_map_only(torch.Tensor, fake, values)

    def _check_types(self, name: str, leaves: list[torch.Tensor]) -> None:
        floats = {str(leaf.dtype) for leaf in leaves if leaf.is_floating_point()}
        if name in ONE_TYPE and len(floats) > 1:
            raise TypeError(f"{name} of {', '.join(sorted(floats))}: a GPU refuses it")

    def _sent(self, name: str, leaves: list[torch.Tensor], is_blocking: bool) -> None:
        waits = is_blocking or any(leaf not in self.pinned for leaf in leaves)
        self.remember(f"{name} to the device, " + ("the host waits" if waits else "pinned, nobody waits"))

    def _taken_back(self, name: str, args: Any, kwargs: Any, out: Any) -> Any:
        """What comes back from the device lies on the CPU and is real: some numbers of that shape."""
        if name == "copy_" and not lies_on_gpu(args[0]):
            is_blocking = not (kwargs.get("non_blocking") or args[2:] == (True,)) or args[0] not in self.pinned
            self.remember(f"{name} from the device, " + ("the host waits" if is_blocking else "pinned, nobody waits"))
            return args[0]

        def real(tensor: torch.Tensor) -> torch.Tensor:
            if lies_on_gpu(tensor):
                return tensor
            self.remember(f"{name} from the device, the host waits")
            with unset_fake_temporarily():
                return torch.zeros(tensor.shape, dtype=tensor.dtype)

        return tree_map_only(torch.Tensor, real, out)

    def remember(self, what: str) -> None:
        """Note it under the innermost line of ours."""
        frames = [frame for frame in traceback.extract_stack() if _SOURCE in frame.filename]
        if frames:
            callers = [f"{frame.filename.rsplit(_SOURCE, 1)[1]}:{frame.name}" for frame in reversed(frames)]
            self.events[Asked(what, frames[-1].lineno or 0, tuple(callers))] += 1


def lies_on_gpu(tensor: torch.Tensor) -> bool:
    """Whether it is one of the pretended ones."""
    return isinstance(tensor, FakeTensor) and tensor.fake_device.type == "cuda"


@contextmanager
def pretended_gpu() -> Iterator[PretendedGPU]:
    """Make torch's CPU build take fake tensors on `GPU`, in this thread and in those that are begun meanwhile."""
    _guard_pretended_devices()
    torch.__future__.set_overwrite_module_params_on_conversion(True)  # a fake tensor cannot move into a real one
    gpu = PretendedGPU()
    run, event = threading.Thread.run, torch.cuda.Event

    class Event:
        """As a stream's: what it marks is always done, but to ask for it is a wait."""

        def record(self) -> None:
            pass

        def synchronize(self) -> None:
            gpu.remember("an event is waited for, the host waits")

    def run_here(thread: threading.Thread) -> None:
        with gpu.fake, gpu:
            run(thread)

    threading.Thread.run, torch.cuda.Event = run_here, Event  # type: ignore[method-assign, misc, assignment]
    try:
        with gpu.fake, gpu:
            yield gpu
    finally:
        threading.Thread.run, torch.cuda.Event = run, event  # type: ignore[method-assign, misc]


def _guard_pretended_devices() -> None:
    """Let the guard of tensors without numbers, which does nothing, stand for that of CUDA, which a CPU build lacks."""
    library = ctypes.CDLL(str(Path(torch.__file__).parent / "lib" / "libc10.so"))
    guards = (ctypes.c_void_p * (_META + 1)).in_dll(library, _GUARDS)
    if not guards[_CUDA]:
        guards[_CUDA] = guards[_META]


def _any_number(dtype: torch.dtype) -> float | int | bool:
    if dtype is torch.bool:
        return True
    return 1.0 if dtype.is_floating_point else 1

"""How the denoising UNet's calls run, chosen once for a device; the plain way is the CPU's and measures the others."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


class AttentionKernel(StrEnum):
    """PyTorch's own attention kernels that only GPUs have."""

    FLASH = "flash"
    EFFICIENT = "efficient"
    CUDNN = "cudnn"


_BACKENDS = {
    AttentionKernel.FLASH: SDPBackend.FLASH_ATTENTION,
    AttentionKernel.EFFICIENT: SDPBackend.EFFICIENT_ATTENTION,
    AttentionKernel.CUDNN: SDPBackend.CUDNN_ATTENTION,
}
RECOMPILING = "eager_on_recompile"
"""A call of a shape that was not compiled before the first job runs as it is: no job waits for a compiler."""


@dataclass(frozen=True)
class Execution:
    """How calls run. attention: which kernel is asked first; None: PyTorch's own order. is_compiled: the network is."""

    attention: AttentionKernel | None = None
    is_compiled: bool = False

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around each call."""
        with ExitStack() as stack:
            if self.attention is not None:
                stack.enter_context(sdpa_kernel(kernel_order(self.attention), set_priority=True))
            if self.is_compiled:
                stack.enter_context(torch.compiler.set_stance(RECOMPILING))
            yield


PLAIN = Execution()


def kernel_order(first: AttentionKernel) -> list[SDPBackend]:
    """One kernel first, the others where it refuses a shape, plain arithmetic at last."""
    others = [backend for kernel, backend in _BACKENDS.items() if kernel is not first]
    return [_BACKENDS[first], *others, SDPBackend.MATH]

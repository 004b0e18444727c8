"""What the processor at hand is good at, and how its cores are shared out."""

import ctypes
import os

import torch
from torch import nn

_ALLOCATION = {-8: 1, -3: 2**22, -1: 2**30}
"""glibc's `mallopt`, M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD: one heap for all threads, blocks from 4 MiB on
beside it, and its end is kept for the next blocks as long as nobody gives it back."""
_SMALL_PARAMETERS = 50_000_000
_MULTIPLIES_BFLOAT16 = ("avx512_bf16", "amx_bf16")


def finishing_dtype(device: torch.device, dtype: torch.dtype) -> torch.dtype:
    """What latents become frames in, beside video networks in a dtype: bfloat16 where a CPU multiplies in it.

    There it takes half of float32's time and stays within 55 dB of its frames. The denoising network gains a twentieth
    by it and stays as it is, for its errors add up over the steps.
    """
    return torch.bfloat16 if device.type == "cpu" and dtype == torch.float32 and multiplies_bfloat16() else dtype


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; where it has none, each product goes by way of float32."""
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _MULTIPLIES_BFLOAT16)


def calls_at_once(network: nn.Module) -> int:
    """How many calls of a network run at the same time, in threads: two of a small one on a CPU, else one.

    Its layers are too small to be shared out between cores: two threads within a call take a fifth more of the
    processor's time than one, two calls in a thread each take no more.
    """
    parameters = list(network.parameters())
    is_small = sum(parameter.numel() for parameter in parameters) < _SMALL_PARAMETERS
    return 2 if is_small and parameters[0].device.type == "cpu" else 1


def settle_on_cores(network: nn.Module) -> None:
    """Arrange this process for rendering on the CPU with a video network: threads and memory.

    Each call that runs at the same time has its share of the cores; one core is left to others where there are enough.
    Threads share one heap, where the C library has a word for that (glibc): with one for each, a process holds a
    tenth more, and by chance, for what a thread frees no other one takes. Large blocks lie beside the heap: among the
    small ones, which stay, they leave gaps. From 1 MiB on, that takes a twelfth more time than from 4 MiB on.
    """
    torch.set_num_threads(max(1, ((os.cpu_count() or 1) - 1) // calls_at_once(network)))
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        for option, value in _ALLOCATION.items():
            set_option(option, value)


def give_back_memory() -> None:
    """Return to the system what is free between what is held, where the C library has a word for that (glibc).

    It takes milliseconds. Without it, gaps that no later block fits into add up: 100 MiB over a minute of video.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

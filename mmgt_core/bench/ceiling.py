"""What the machine can do at best, measured beside the rest: multiplying large matrices of random numbers."""

import torch

from mmgt_core.bench.spread import seconds_of

_SIDE_ON_GPU, _SIDE_ON_CPU = 8192, 2048


def matrix_ceiling(device: torch.device, dtype: torch.dtype, side: int | None = None) -> float:
    """Operations a second, a multiply-add being two, of a square product; zeros would be faster than anything real.

    Args:
        device: where.
        dtype: of both factors.
        side: of the matrices; by default as large as it takes to keep the device busy.
    """
    side = side or (_SIDE_ON_GPU if device.type == "cuda" else _SIDE_ON_CPU)
    first, second = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    with torch.inference_mode():
        return 2 * side**3 / seconds_of(lambda: first @ second, device).least


def copy_ceiling(device: torch.device, num_bytes: int = 2**30) -> float:
    """Bytes a second, read and written both counted, of a large copy within the device's memory."""
    source = torch.randint(0, 256, (num_bytes,), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * num_bytes / seconds_of(lambda: target.copy_(source), device).least

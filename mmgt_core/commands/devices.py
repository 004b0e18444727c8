"""Which device torch runs a command on; imported with the work, not with the options."""

import torch

from mmgt_core.commands.running import Device
from mmgt_core.errors import UsageError


def place_of(device: Device) -> torch.device:
    """Raises: UsageError: a GPU is asked for, and torch can use none."""
    if device is Device.CUDA and not torch.cuda.is_available():
        raise UsageError("--device is cuda, and no GPU can be used")
    if device is Device.AUTO:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device.value)


def video_dtype(device: torch.device) -> torch.dtype:
    """Half precision where it is fast."""
    return torch.float16 if device.type == "cuda" else torch.float32

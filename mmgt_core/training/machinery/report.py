"""What a training run cost: the columns of the paper's table I, as JSON."""

import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

REPORT_FILE = "report.json"
_RESIDENT_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class TrainingReport:
    """Table I's columns and what they were measured on.

    parameters: trained ones. hours: of all runs until this step, samples and checkpoints included. peak_memory_bytes:
    of the device; on a CPU, of the process. seconds_per_step: of training alone. losses: means at the end.
    """

    steps: int
    parameters: int
    hours: float
    peak_memory_bytes: int
    seconds_per_step: float
    device: str
    num_processes: int
    mixed_precision: str
    losses: dict[str, float]

    def write(self, folder: Path) -> None:
        """Write `report.json`."""
        (folder / REPORT_FILE).write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "TrainingReport":
        """The report of a run that has ended."""
        return cls(**json.loads((folder / REPORT_FILE).read_text()))


def peak_memory_bytes(device: torch.device) -> int:
    """The most that was held at once so far: on a GPU by PyTorch, on a CPU by this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RESIDENT_UNIT_BYTES


def device_name(device: torch.device) -> str:
    """As a reader knows it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"

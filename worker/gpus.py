"""Which GPUs this machine can use, asked of the driver itself in a child process, and what PyTorch's build needs."""

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from jobs.logging import logger

log = logger(__name__)

CPU, AUTO = "cpu", "auto"
PROBE = (sys.executable, "-m", "worker.cuda_probe")
DRIVER_FLOORS = {11: 450, 12: 525, 13: 580}
"""The oldest driver for Linux that runs programs built for a major version of CUDA, by NVIDIA's compatibility table."""
_ANSWER_S = 20.0  # a driver that must first wake its GPUs takes seconds


@dataclass(frozen=True)
class Gpu:
    """One GPU that the driver opened."""

    name: str
    memory_bytes: int


@dataclass(frozen=True)
class Cuda:
    """What the driver said.

    Attributes:
        gpus: those that it opened and that CUDA_VISIBLE_DEVICES lets it show.
        driver_cuda: the newest CUDA that the driver runs, 12040 for 12.4; None without a driver.
        problem: why there are none, in its own words.
    """

    gpus: tuple[Gpu, ...] = ()
    driver_cuda: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class TorchBuild:
    """The installed PyTorch.

    Attributes:
        version: `2.13.0+cu130`.
        cuda: what it was built for, `13.0`; None: a build for CPUs.
    """

    version: str
    cuda: str | None

    @property
    def needs(self) -> str:
        """The driver floor in words."""
        if self.cuda is None:
            return f"PyTorch {self.version} is built without CUDA"
        floor = DRIVER_FLOORS.get(self.cuda_major)
        driver = f" (driver {floor} or newer)" if floor else ""
        return f"PyTorch {self.version} needs a driver for CUDA {self.cuda_major}{driver}"

    @property
    def cuda_major(self) -> int:
        """13 for `13.0`; 0 for a build for CPUs."""
        return int((self.cuda or "0").split(".")[0])


def ask_cuda(command: Sequence[str] = PROBE, within_s: float = _ANSWER_S) -> Cuda:
    """Ask the driver, in a child process."""
    try:
        ended = subprocess.run(command, capture_output=True, timeout=within_s, check=False)
    except subprocess.TimeoutExpired:
        return Cuda(problem=f"the NVIDIA driver did not answer within {within_s:g} s")
    if ended.returncode:
        by = signal.Signals(-ended.returncode).name if ended.returncode < 0 else f"status {ended.returncode}"
        return Cuda(problem=f"asking the NVIDIA driver ended with {by}")
    answer = json.loads(ended.stdout)
    gpus = tuple(Gpu(each["name"], each["memory_bytes"]) for each in answer["gpus"])
    return Cuda(gpus, answer["driver_cuda"], answer["problem"] or (None if gpus else "the driver shows no GPU"))


def torch_build() -> TorchBuild | None:
    """Read which PyTorch is installed, without importing it; None where there is none."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    facts = runpy.run_path(str(Path(spec.origin).with_name("version.py")))
    return TorchBuild(str(facts["__version__"]), facts.get("cuda"))


def why_unusable(cuda: Cuda, build: TorchBuild | None) -> str | None:
    """Say why PyTorch cannot use the driver's GPUs; None: it can."""
    if cuda.problem is not None:
        return cuda.problem
    if build is None:
        return "PyTorch is not installed"
    if build.cuda is None:
        return build.needs
    driver_major = (cuda.driver_cuda or 0) // 1000
    if driver_major < build.cuda_major:
        return f"{build.needs}; the driver here runs CUDA {driver_major}.{(cuda.driver_cuda or 0) % 1000 // 10}"
    return None


def find_gpus(
    wanted: str, ask: Callable[[], Cuda] = ask_cuda, build: Callable[[], TorchBuild | None] = torch_build
) -> tuple[str, ...]:
    """Return the numbers of the GPUs to use; none means the CPU.

    Args:
        wanted: `auto` (those of CUDA_VISIBLE_DEVICES where it is set, else all that the driver opens and PyTorch can
            use), `cpu`, or numbers: `0,1`. What is named is given to a worker, which fails if it cannot open it.
        ask, build: who knows.
    """
    if wanted == CPU:
        return ()
    if wanted != AUTO:
        return numbers(wanted)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return numbers(visible)
    cuda = ask()
    problem = why_unusable(cuda, build())
    if problem is None:
        return tuple(str(number) for number in range(len(cuda.gpus)))
    if cuda.driver_cuda is not None:  # a driver is here: somebody may wonder
        log.warning("gpus_not_used", problem=problem)
    return ()


def numbers(text: str) -> tuple[str, ...]:
    """Read `0,1`; -1 is none."""
    return tuple(number.strip() for number in text.split(",") if number.strip() not in ("", "-1"))

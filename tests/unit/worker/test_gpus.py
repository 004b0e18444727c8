"""Laws of finding GPUs: the driver is asked, in a child process; what PyTorch cannot use is no GPU, and why is told."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from worker.errors import GpuNotOpened
from worker.gpus import Cuda, Gpu, TorchBuild, ask_cuda, find_gpus, torch_build, why_unusable
from worker.method_pipeline import open_device

H200 = Gpu("NVIDIA H200", 150_000_000_000)
TWO = Cuda((H200, H200), 13000)
FOR_CUDA_13, FOR_CPU = TorchBuild("2.13.0+cu130", "13.0"), TorchBuild("2.13.0+cpu", None)

DRIVER = """
#include <string.h>
int cuDriverGetVersion(int *v) { *v = 12040; return 0; }
int cuInit(unsigned flags) { return INIT; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGet(int *d, int k) { *d = k; return 0; }
int cuDeviceGetName(char *name, int length, int d) { strncpy(name, "Some GPU", length); return 0; }
int cuDeviceTotalMem_v2(unsigned long *bytes, int d) { *bytes = 16000000000UL; return 0; }
int cuGetErrorString(int status, const char **words) { *words = "system has no luck"; return 0; }
"""


def says(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


@pytest.fixture(autouse=True)
def _nobody_chose_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_auto_takes_every_gpu_that_the_driver_opens_and_pytorch_can_use() -> None:
    assert find_gpus("auto", lambda: TWO, lambda: FOR_CUDA_13) == ("0", "1")


@pytest.mark.parametrize(
    ("cuda", "build", "reason"),
    [
        (Cuda(problem="no NVIDIA driver is here"), FOR_CUDA_13, "no NVIDIA driver"),
        (Cuda((), 13000, "the NVIDIA driver says: unknown error (cuInit, 999)"), FOR_CUDA_13, "cuInit, 999"),
        (TWO, FOR_CPU, "2.13.0+cpu is built without CUDA"),
        (TWO, None, "PyTorch is not installed"),
        (
            Cuda((H200,), 12040),
            FOR_CUDA_13,
            "needs a driver for CUDA 13 (driver 580 or newer); the driver here runs CUDA 12.4",
        ),
    ],
    ids=["no driver", "broken driver", "a build for CPUs", "no PyTorch", "driver too old"],
)
def test_auto_falls_to_the_cpu_where_pytorch_cannot_use_a_gpu_and_the_reason_is_told(
    cuda: Cuda, build: TorchBuild | None, reason: str
) -> None:
    assert find_gpus("auto", lambda: cuda, lambda: build) == ()
    assert reason in str(why_unusable(cuda, build))


def test_an_older_driver_of_the_same_major_version_is_enough() -> None:
    assert why_unusable(Cuda((H200,), 12010), TorchBuild("2.11.0+cu128", "12.8")) is None


def test_named_gpus_are_given_without_asking_and_cpu_is_none() -> None:
    assert find_gpus("0, 2", ask=lambda: pytest.fail("asked")) == ("0", "2")
    assert find_gpus("cpu", ask=lambda: pytest.fail("asked")) == ()


@pytest.mark.parametrize(("visible", "gpus"), [("3,5", ("3", "5")), ("", ()), ("-1", ())])
def test_auto_takes_only_what_is_visible(visible: str, gpus: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    assert find_gpus("auto", ask=lambda: pytest.fail("asked")) == gpus


def test_a_driver_that_crashes_or_hangs_harms_only_the_child_that_asks() -> None:
    crashed = ask_cuda(says("import os; os.kill(os.getpid(), 11)"))
    asked_at_s = time.monotonic()
    hung = ask_cuda(says("import signal; signal.pause()"), within_s=0.3)

    assert crashed == Cuda(problem="asking the NVIDIA driver ended with SIGSEGV")
    assert hung == Cuda(problem="the NVIDIA driver did not answer within 0.3 s")
    assert time.monotonic() - asked_at_s < 5


def test_a_driver_without_gpus_is_a_reason_too() -> None:
    answer = json.dumps({"gpus": [], "driver_cuda": 13000, "problem": None})

    assert ask_cuda(says(f"print({answer!r})")).problem == "the driver shows no GPU"


@pytest.mark.skipif(shutil.which("cc") is None, reason="the stand-in for the driver's library is compiled here")
@pytest.mark.parametrize(("status", "problem"), [(0, None), (803, "says: system has no luck (cuInit, 803)")])
def test_the_drivers_library_is_asked_as_its_interface_says(
    status: int, problem: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "driver.c").write_text(DRIVER.replace("INIT", str(status)))
    library = tmp_path / "libcuda.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "driver.c"], check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))

    cuda = ask_cuda()

    assert cuda.driver_cuda == 12040
    assert cuda.gpus == (() if status else (Gpu("Some GPU", 16_000_000_000),))
    assert problem in str(cuda.problem) if problem else cuda.problem is None


def test_pytorchs_build_is_read_without_importing_it() -> None:
    program = "import sys; from worker.gpus import torch_build; print(torch_build().version, 'torch' in sys.modules)"

    printed = subprocess.run(says(program), capture_output=True, text=True, check=True).stdout.split()

    assert printed == [torch.__version__, "False"]
    assert torch_build() == TorchBuild(torch.__version__, torch.version.cuda)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here and can be opened")
def test_a_worker_that_was_given_a_gpu_fails_with_pytorchs_reason_where_it_cannot_open_it() -> None:
    with pytest.raises(GpuNotOpened, match=r"GPU 0 .* cannot be opened; PyTorch \S+: \w+"):
        open_device("0")

    assert open_device("auto") == open_device("cpu") == torch.device("cpu")

"""Laws of the device's errors: each of torch's gets the name by which the failures table answers it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from jobs.job import JobOptions
from jobs.settings import Settings
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.types import Waveform
from worker.errors import GpuFault, GpuOutOfMemory
from worker.failures import Remedy, row_of
from worker.method_pipeline import MethodPipeline
from worker.pipeline import Prepared

OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nSee the documentation.")
FAULTS = [
    torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nCompile with TORCH_USE_CUDA_DSA"),
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA call failed: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]
PICTURE, KEYPOINTS = np.zeros((512, 512, 3), np.uint8), np.zeros((134, 3), np.float32)
SPEECH = Waveform(np.zeros(16_000, np.float32))
INPUTS = Inputs(PICTURE, SquareFrame(0, 0, 512), KEYPOINTS, SPEECH, Path("speech.wav"), None, ())
OTHERS = [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("CUDA error is only in my text")]


class Breaking:
    """Networks on a device that answers everything with one error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self, *_: object) -> None:
        raise self.error


def end_of_render(error: Exception) -> Exception:
    pipeline = MethodPipeline(Breaking(error), Settings(), None)
    with pytest.raises(Exception) as caught:
        pipeline.render(Prepared(1.0, 1, (), INPUTS), JobOptions(seed=1), Path("nowhere"), RunControl())
    return caught.value


def test_memory_that_did_not_suffice_is_the_error_that_is_tried_once_more() -> None:
    found = end_of_render(OUT_OF_MEMORY)

    assert isinstance(found, GpuOutOfMemory)
    assert str(found) == "CUDA out of memory. Tried to allocate 20.00 GiB."
    assert (row_of(found).remedy, row_of(found).is_retryable) == (Remedy.FAIL, True)


@pytest.mark.parametrize("error", FAULTS, ids=str)
def test_any_other_error_of_the_device_ends_the_process_and_the_job_goes_elsewhere(error: Exception) -> None:
    found = end_of_render(error)

    assert isinstance(found, GpuFault)
    assert "\n" not in str(found)
    assert row_of(found).remedy is Remedy.RETRY_ELSEWHERE


@pytest.mark.parametrize("error", OTHERS, ids=str)
def test_an_error_of_the_program_keeps_its_name(error: Exception) -> None:
    assert end_of_render(error) is error


@pytest.mark.parametrize(("error", "name"), [(OUT_OF_MEMORY, GpuOutOfMemory), (FAULTS[0], GpuFault)], ids=str)
def test_the_device_may_also_fail_at_the_canary(error: Exception, name: type[Exception], tmp_path: Path) -> None:
    pipeline = MethodPipeline(Breaking(error), Settings(), None)

    with pytest.raises(name):
        pipeline.warm_up(tmp_path)

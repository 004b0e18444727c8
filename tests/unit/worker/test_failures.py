"""Laws of the failures table: every finding of the core has a code, and no failure is without an answer."""

import pytest

from jobs.errors import ObjectNotFound, StorageUnavailable
from jobs.job import ErrorCode
from mmgt_core.errors import InputCode, InputError, SpeechUnavailable
from mmgt_core.pipelines.progress import InputStep
from worker.errors import GpuFault, GpuOutOfMemory, SpeechTooLong
from worker.failures import Remedy, describe, row_of
from worker.inspection import beyond_limits


@pytest.mark.parametrize("code", InputCode)
def test_each_finding_ends_the_job_with_a_code_of_the_contract_and_its_own_message(code: InputCode) -> None:
    error = InputError(code, "7 of 5")

    failure = describe(error, "masks", 2)

    assert row_of(error).remedy is Remedy.FAIL
    assert failure == failure.__class__(failure.code, str(error), error.field, False, "masks", 2)
    assert failure.code in ErrorCode


@pytest.mark.parametrize(
    ("error", "remedy", "code", "is_retryable"),
    [
        (GpuOutOfMemory("x"), Remedy.FAIL, ErrorCode.GPU_OUT_OF_MEMORY, True),
        (GpuFault("x"), Remedy.RETRY_ELSEWHERE, ErrorCode.GPU_FAULT, True),
        (StorageUnavailable("x"), Remedy.RETRY, ErrorCode.STORAGE_UNAVAILABLE, True),
        (ObjectNotFound("x"), Remedy.FAIL, ErrorCode.STORAGE_UNAVAILABLE, False),
        (SpeechUnavailable("the speech server answered 500"), Remedy.FAIL, ErrorCode.SPEECH_UNAVAILABLE, True),
        (SpeechTooLong("text: its speech is 700 s long"), Remedy.FAIL, ErrorCode.AUDIO_TOO_LONG, False),
        (ZeroDivisionError("secret"), Remedy.FAIL, ErrorCode.INTERNAL_ERROR, False),
    ],
)
def test_each_fault_has_its_remedy_and_code_and_tells_no_inner_message(
    error: Exception, remedy: Remedy, code: ErrorCode, is_retryable: bool
) -> None:
    failure = describe(error, None, 1)

    assert (row_of(error).remedy, failure.code, failure.retryable) == (remedy, code, is_retryable)
    assert str(error) not in failure.message.split()


@pytest.mark.parametrize("step", InputStep)
def test_whatever_the_limits_end_a_look_at_has_a_code_of_the_contract(step: InputStep) -> None:
    (finding,) = beyond_limits(step.value)["findings"]

    assert ErrorCode(finding["code"])
    assert finding["code"].startswith(finding["param"])

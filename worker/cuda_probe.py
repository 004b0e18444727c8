"""`python -m worker.cuda_probe`: ask the NVIDIA driver which GPUs it can open, and print its answer as JSON.

A process of its own: once a process has asked CUDA, no child that it forks can use a GPU; and drivers hang and crash.
"""

import ctypes
import json
import sys
from typing import Any

_LIBRARIES = ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1")


class DriverError(Exception):
    """The driver is absent or refused; its own words."""


def main() -> dict[str, Any]:
    """Return `gpus` (name and bytes of memory of each), `driver_cuda` (12040 for 12.4) and `problem`."""
    answer: dict[str, Any] = {"gpus": [], "driver_cuda": None, "problem": None}
    try:
        driver = _open_driver()
        answer["driver_cuda"] = _number(driver, "cuDriverGetVersion")
        _call(driver, "cuInit", 0)
        answer["gpus"] = [_describe(driver, index) for index in range(_number(driver, "cuDeviceGetCount"))]
    except DriverError as error:
        answer["problem"] = str(error)
    return answer


def _open_driver() -> ctypes.CDLL:
    problem = ""
    for name in _LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            problem = problem or str(error)
    raise DriverError(f"no NVIDIA driver is here ({problem})")


def _describe(driver: ctypes.CDLL, index: int) -> dict[str, Any]:
    device, name, memory = ctypes.c_int(), ctypes.create_string_buffer(256), ctypes.c_size_t()
    _call(driver, "cuDeviceGet", ctypes.byref(device), index)
    _call(driver, "cuDeviceGetName", name, len(name), device)
    _call(driver, "cuDeviceTotalMem_v2", ctypes.byref(memory), device)
    return {"name": name.value.decode(errors="replace"), "memory_bytes": memory.value}


def _number(driver: ctypes.CDLL, function: str) -> int:
    number = ctypes.c_int()
    _call(driver, function, ctypes.byref(number))
    return number.value


def _call(driver: ctypes.CDLL, function: str, *arguments: Any) -> None:  # noqa: ANN401
    status = getattr(driver, function)(*arguments)
    if status:
        words = ctypes.c_char_p()
        driver.cuGetErrorString(status, ctypes.byref(words))
        raise DriverError(
            f"the NVIDIA driver says: {(words.value or b'unknown error').decode()} ({function}, {status})"
        )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))

"""How a process settles on the CPU."""

import subprocess
import sys

import pytest

HEAPS_AFTER_EIGHT_THREADS = """
import ctypes, re, threading
from torch import nn
from mmgt_core.processor import settle_on_cores

def heaps(libc=ctypes.CDLL(None)):
    libc.open_memstream.restype = ctypes.c_void_p
    text, size = ctypes.c_char_p(), ctypes.c_size_t()
    stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(text), ctypes.byref(size)))
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    return len(re.findall(b"<heap nr", text.value))

def hold():
    together.wait()
    held.append(bytearray(100_000))
    together.wait()

settle_on_cores(nn.Linear(2, 2))
before, held, together = heaps(), [], threading.Barrier(8)
threads = [threading.Thread(target=hold) for _ in range(8)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
print(heaps() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts glibc's heaps")
def test_threads_that_come_after_it_settled_share_the_heaps_that_are_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAPS_AFTER_EIGHT_THREADS], check=True, stdout=subprocess.PIPE, text=True
    )
    assert int(done.stdout) == 0

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

BLOCKS_BESIDE_THE_HEAP_AND_WHAT_IS_GIVEN_BACK = """
import ctypes
from torch import nn
from mmgt_core.processor import give_back_memory, settle_on_cores

class Counts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

def resident_mib():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

libc = ctypes.CDLL(None)
libc.mallinfo2.restype, libc.malloc.restype = Counts, ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def blocks(size, number):
    made = [libc.malloc(size) for _ in range(number)]
    for block in made:
        ctypes.memset(block, 1, size)
    return made

settle_on_cores(nn.Linear(2, 2))
for _ in range(2):  # a freed large block must not let later ones into the heap
    [libc.free(block) for block in blocks(20_000_000, 1)]
before = libc.mallinfo2().hblkhd
large = blocks(5_000_000, 8)
print(libc.mallinfo2().hblkhd - before)

small = blocks(50_000, 2000)
for block in small[::2]:
    libc.free(block)
full = resident_mib()
give_back_memory()
print(full - resident_mib())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts glibc's heaps")
def test_threads_that_come_after_it_settled_share_the_heaps_that_are_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAPS_AFTER_EIGHT_THREADS], check=True, stdout=subprocess.PIPE, text=True
    )
    assert int(done.stdout) == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks glibc")
def test_large_blocks_lie_beside_the_heap_and_gaps_in_it_are_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS_BESIDE_THE_HEAP_AND_WHAT_IS_GIVEN_BACK],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    beside_bytes, given_back_mib = map(float, done.stdout.split())
    assert beside_bytes >= 8 * 5_000_000
    assert given_back_mib > 35  # of 48 that lie in gaps, the parts of whole pages

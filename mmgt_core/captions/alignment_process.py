"""The aligner's own process: what is said and how it sounds in, times out. Only this process loads pocketsphinx (C).

Run as `python -m mmgt_core.captions.alignment_process MEMORY_BYTES CPU_SECONDS`. Standard input is a line of JSON, the
words, then the recording: float32 at 16 kHz. Standard output is a line of JSON: [start, end] or null for each word.
"""

import ctypes
import json
import os
import resource
import signal
import sys

import numpy as np

from mmgt_core.captions.aligning import aligned

_PR_SET_PDEATHSIG = 1
_NICENESS = 10


def main(memory_bytes: int, cpu_s: int) -> None:
    """Answer one question within bounds; it ends with whoever asked, and renders go before it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(_NICENESS)
    for kind, limit in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (limit, limit))
    words = json.loads(sys.stdin.buffer.readline())
    samples = np.frombuffer(sys.stdin.buffer.read(), "<f4")
    sys.stdout.write(json.dumps(aligned(samples, words)) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

"""Who computes stage 1's hand-made features: this process when first asked, or one beside it that starts at once.

The library behind them takes seconds to be imported; beside, that goes on while torch is imported here.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from multiprocessing import Pipe
from types import TracebackType
from typing import Self

from mmgt_core.errors import MMGTError
from mmgt_core.keypoints import Float32Array

HandMade = Callable[[Float32Array, int], Float32Array]
"""From samples, (samples,) mono, and their rate to (frames, 35) float32; `baseline_features` says what they are."""

FEATURES_MODULE = "mmgt_core.audio.baseline"


class HearingLost(MMGTError):
    """The process beside ended before it answered."""


def heard_here(samples: Float32Array, sample_rate_hz: int) -> Float32Array:
    """The features, computed in this process."""
    features: Float32Array = import_module(FEATURES_MODULE).baseline_features(samples, sample_rate_hz)
    return features


def hearing(*, is_needed: bool) -> AbstractContextManager[HandMade]:
    """Beside, where the features are needed and this process has not paid for the import already."""
    return HeardBeside() if is_needed and FEATURES_MODULE not in sys.modules else nullcontext(heard_here)


class HeardBeside:
    """`HandMade` by a process that imports from the moment it is entered; leaving ends it."""

    def __enter__(self) -> Self:
        self._asked, theirs = Pipe()
        with theirs:
            command = [sys.executable, "-m", "mmgt_core.audio.hearing_process", str(theirs.fileno())]
            # A group of its own: Ctrl-C is for the command, which then ends this one.
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], process_group=0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._asked.close()
        self._process.kill()
        self._process.wait()

    def __call__(self, samples: Float32Array, sample_rate_hz: int) -> Float32Array:
        """Raises: HearingLost: the process ended."""
        try:
            self._asked.send((samples, sample_rate_hz))
            features: Float32Array = self._asked.recv()
        except (EOFError, OSError) as error:
            raise HearingLost(f"the process that hears for stage 1 ended with status {self._process.wait()}") from error
        return features

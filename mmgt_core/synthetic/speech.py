"""Synthesised speech whose phonemes are known in time; the synthesiser runs as a separate program (decision 0010)."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import soxr

from mmgt_core.errors import MMGTError
from mmgt_core.keypoints import Float32Array
from mmgt_core.speech.espeak import PROCESS
from mmgt_core.types import SAMPLE_RATE_HZ

_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Utterance:
    """What to say and how; voice: a language and a variant of eSpeak NG, "de+f2"; pitch and pitch_range: 0 to 99."""

    text: str
    voice: str
    words_per_minute: int
    pitch: int
    pitch_range: int


@dataclass(frozen=True)
class Phoneme:
    """One phoneme in IPA, a stress mark before it where it is stressed; "" is silence. Times in seconds."""

    symbol: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Speech:
    """Spoken samples, (samples,) float32 at 16 kHz, and their phonemes in order.

    word_starts: character of the text to second, in order. "of the" has one, "1984" three.
    """

    samples: Float32Array
    phonemes: tuple[Phoneme, ...]
    word_starts: tuple[tuple[int, float], ...]


class Synthesiser:
    """A running synthesiser: many utterances, one process. The same utterance gives the same samples, in any order."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen([sys.executable, "-m", PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, utterance: Utterance) -> Speech:
        """Speak one utterance.

        Raises:
            MMGTError: the synthesiser is not installed, has no such voice, or ended.
        """
        with self._lock:
            head, raw = self._exchange(json.dumps(asdict(utterance)).encode() + b"\n")
        if "error" in head:
            raise MMGTError(f"speech for {utterance.voice}: {head['error']}")
        rate_hz = head["sample_rate_hz"]
        samples = np.frombuffer(raw, "<i2").astype(np.float32) / _FULL_SCALE
        starts = [start for start, _ in head["phonemes"]] + [len(samples)]
        phonemes = tuple(
            Phoneme(symbol, start / rate_hz, end / rate_hz)
            for (start, symbol), end in zip(head["phonemes"], starts[1:], strict=True)
            if end > start
        )
        word_starts = tuple((character, start / rate_hz) for start, character in head["words"])
        return Speech(np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32), phonemes, word_starts)

    def _exchange(self, line: bytes) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            head = json.loads(self._process.stdout.readline())
            return head, self._process.stdout.read(head.get("num_bytes", 0))
        except (OSError, ValueError) as error:
            raise MMGTError(
                f"the speech synthesiser ended with status {self._process.poll()}; it needs the package "
                "espeakng-loader, which the extras `speech` and `training` install"
            ) from error


def synthesise(utterance: Utterance) -> Speech:
    """Speak with this process's own synthesiser, started at the first call; it ends with this process.

    Raises:
        MMGTError: as `Synthesiser.say`.
    """
    return _synthesiser_of(os.getpid()).say(utterance)


@cache
def _synthesiser_of(process: int) -> Synthesiser:
    """One for each process: a forked loader of training must not share its parent's pipes."""
    return Synthesiser()

"""Captions of a video that is being made: a process beside finds when words are said, and cues are there at its end."""

import json
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from tempfile import TemporaryFile
from time import monotonic
from types import TracebackType
from typing import IO, Any, Self

from mmgt_core.captions.cues import cues_of
from mmgt_core.captions.spreading import Span, spans_told, timed
from mmgt_core.captions.webvtt import Captions, captions_of
from mmgt_core.captions.words import TimedWord, words_of
from mmgt_core.errors import InputWarning
from mmgt_core.speech.words import TimedWord as Heard
from mmgt_core.types import SAMPLE_RATE_HZ, Waveform

ALIGNMENT_PROCESS = "mmgt_core.captions.alignment_process"
_MAX_WORDS_PER_S, _SPARE_WORDS = 10, 10
"""Nobody says more."""
_MEMORY_BYTES = 2_000_000_000
_LEAST_S, _SHARE = 20.0, 0.5
"""Processor time of an alignment: so long, and this share of the recording's length; twice that by the clock."""


class TimedBy(StrEnum):
    """What told when words are said."""

    FILE = "file"
    SPEAKER = "speaker"
    ALIGNMENT = "alignment"
    LOUDNESS = "loudness"


@dataclass(frozen=True)
class CaptionSource:
    """What captions are made of: a client's own file, else what is said.

    language: BCP 47, of what is said. heard: when its words are heard, where the synthesiser told it.
    """

    text: str = ""
    language: str = "en"
    file: Captions | None = None
    heard: tuple[Heard, ...] | None = None


@dataclass(frozen=True)
class MadeCaptions:
    """Captions, and how they came about; warning: what is not as good as hoped."""

    captions: Captions
    language: str
    timed_by: TimedBy
    words: tuple[TimedWord, ...] = ()
    num_aligned: int = 0
    warning: InputWarning | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What a manifest tells of them."""
        return {
            "language": self.language,
            "timed_by": self.timed_by.value,
            "words": len(self.words),
            "aligned_words": self.num_aligned,
            "cues": len(self.captions.cues),
        }


class CaptionsBeside:
    """Captions of a recording: entering starts the alignment, `made` waits for it, leaving ends it."""

    def __init__(self, source: CaptionSource, waveform: Waveform) -> None:
        self._source, self._waveform = source, waveform
        self._words = () if source.file else words_of(source.text)
        self._told = spans_told(self._words, source.heard or ())
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._words and not self._told and _is_english(self._source.language):
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._answer.close()

    def made(self) -> MadeCaptions:
        """The captions; an alignment that fails costs exactness, never the captions."""
        source, words = self._source, self._words
        if source.file is not None:
            return MadeCaptions(source.file, source.language, TimedBy.FILE)
        spans, problem = (self._told, "") if self._told else self._spans()
        num_aligned = sum(span is not None for span in spans)
        samples = self._waveform.part(0)
        said = timed(words, spans, samples)
        cues = cues_of(said, len(samples) / SAMPLE_RATE_HZ)
        if not problem and num_aligned < len(words):
            problem = f"{len(words) - num_aligned} of {len(words)} words could not be found in the sound"
        message = f"captions: {problem}; such words are spread over what is loud, by their length"
        warning = InputWarning("captions_spread", message) if problem else None
        timed_by = TimedBy.SPEAKER if self._told else TimedBy.ALIGNMENT if num_aligned else TimedBy.LOUDNESS
        return MadeCaptions(captions_of(cues), source.language, timed_by, said, num_aligned, warning)

    def _start(self) -> None:
        samples = self._waveform.part(0)
        cpu_s = _LEAST_S + _SHARE * len(samples) / SAMPLE_RATE_HZ
        self._ends_at_s = monotonic() + 2 * cpu_s
        self._answer: IO[bytes] = TemporaryFile()  # noqa: SIM115  # closed with the process
        with TemporaryFile() as question:
            question.write(json.dumps([word.text for word in self._words]).encode() + b"\n")
            samples.tofile(question)
            question.seek(0)
            command = [sys.executable, "-m", ALIGNMENT_PROCESS, str(_MEMORY_BYTES), str(round(cpu_s))]
            # No environment: nothing secret is at hand there. A group of its own: Ctrl-C is for who asks.
            self._process = subprocess.Popen(
                command, stdin=question, stdout=self._answer, stderr=subprocess.DEVNULL, env={}, process_group=0
            )

    def _spans(self) -> tuple[list[Span | None], str]:
        """When words are said, None where nobody knows; and what went wrong."""
        unknown: list[Span | None] = [None] * len(self._words)
        if self._process is None:
            return unknown, f"only English can be aligned with its sound, not {self._source.language!r}"
        try:
            status = self._process.wait(max(0.0, self._ends_at_s - monotonic()))
        except subprocess.TimeoutExpired:
            return unknown, "the alignment took too long"
        if status != 0:
            return unknown, f"the alignment ended with status {status}"
        self._answer.seek(0)
        told = json.loads(self._answer.read())
        return [None if span is None else (span[0], span[1]) for span in told], ""


def said_too_much(text: str, seconds: float) -> str:
    """What is wrong with the number of words for a recording; empty if nothing."""
    num_words, most = len(words_of(text)), int(seconds * _MAX_WORDS_PER_S) + _SPARE_WORDS
    return f"{num_words} words in {seconds:.1f} s; at most {most} can be said" if num_words > most else ""


def _is_english(language: str) -> bool:
    return language.lower().split("-")[0] == "en"

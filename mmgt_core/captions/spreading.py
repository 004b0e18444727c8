"""Times of words that nobody aligned: spread over the loud moments between two known ones, by how long they are."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from mmgt_core.captions.words import TimedWord, Word, width_of
from mmgt_core.keypoints import Float32Array
from mmgt_core.speech.words import TimedWord as Heard
from mmgt_core.types import SAMPLE_RATE_HZ

Span = tuple[float, float]

_STEP_S = 0.02
_STEP_SAMPLES = round(_STEP_S * SAMPLE_RATE_HZ)
_LOUD, _USUAL_PERCENTILE = 0.1, 95
"""A moment from this share of what the recording's loud moments reach counts as speech."""
_LEAST_WORD_S = 0.08


def timed(words: Sequence[Word], spans: Sequence[Span | None], samples: Float32Array) -> tuple[TimedWord, ...]:
    """All words with times, in order.

    Args:
        spans: of each word, where it is known.
        samples: (samples,) mono at 16 kHz, in which they are said.
    """
    end_s, is_loud = len(samples) / SAMPLE_RATE_HZ, _loud_moments(samples)
    known = [index for index, span in enumerate(spans) if span is not None]
    found = list(spans)
    for before, after in pairwise([-1, *known, len(words)]):
        if after - before == 1:
            continue
        start_s, stop_s = _room(found, before, after, end_s)
        found[before + 1 : after] = _spread(words[before + 1 : after], start_s, stop_s, is_loud)
    return tuple(TimedWord(word, *span) for word, span in zip(words, found, strict=True) if span is not None)


def spans_told(words: Sequence[Word], heard: Sequence[Heard]) -> list[Span | None]:
    """Each word's time, from the times of what stands between two spaces; empty where that is another text."""
    letters: list[Span] = []
    for each in heard:
        borders = np.linspace(each.start_s, each.end_s, len(each.word) + 1).tolist()
        letters += pairwise(borders)
    texts = ["".join(word.text.split()) for word in words]
    if "".join(texts) != "".join(each.word for each in heard):
        return []
    ends = accumulate(map(len, texts))
    return [(letters[end - len(text)][0], letters[end - 1][1]) for text, end in zip(texts, ends, strict=True)]


def _room(spans: list[Span | None], before: int, after: int, end_s: float) -> Span:
    """From where to where the words between two known ones may lie; those give some of theirs where there is none."""
    left, right = (spans[before] if before >= 0 else None), (spans[after] if after < len(spans) else None)
    start_s, stop_s = left[1] if left else 0.0, right[0] if right else end_s
    missing_s = (after - before - 1) * _LEAST_WORD_S - (stop_s - start_s)
    if missing_s > 0 and left:
        start_s -= min(missing_s, (left[1] - left[0]) / 2)
        spans[before] = (left[0], start_s)
    missing_s = (after - before - 1) * _LEAST_WORD_S - (stop_s - start_s)
    if missing_s > 0 and right:
        stop_s += min(missing_s, (right[1] - right[0]) / 2)
        spans[after] = (stop_s, right[1])
    return start_s, max(start_s, stop_s)


def _spread(words: Sequence[Word], start_s: float, stop_s: float, is_loud: npt.NDArray[np.bool_]) -> list[Span]:
    """Each word's share of the loud moments there, by its width; of all the time where too little is loud."""
    widths = [1 + width_of(word.text) for word in words]
    shares = np.cumsum([0, *widths]) / sum(widths)
    moments = np.flatnonzero(is_loud) * _STEP_S
    moments = moments[(moments >= start_s) & (moments + _STEP_S <= stop_s)]
    if len(moments) < len(words):
        return list(pairwise((start_s + shares * (stop_s - start_s)).tolist()))
    steps = np.round(shares * len(moments)).astype(int).tolist()
    return [(float(moments[first]), float(moments[max(first, end - 1)]) + _STEP_S) for first, end in pairwise(steps)]


def _loud_moments(samples: Float32Array) -> npt.NDArray[np.bool_]:
    """Whether each step of the recording is loud enough to be speech."""
    steps = samples[: len(samples) // _STEP_SAMPLES * _STEP_SAMPLES].reshape(-1, _STEP_SAMPLES)
    rms = np.sqrt(np.mean(np.square(steps, dtype=np.float64), axis=1))
    return rms > _LOUD * np.percentile(rms, _USUAL_PERCENTILE) if len(rms) else np.zeros(0, bool)

"""When words are said: forced alignment by pocketsphinx, whose English model lies in its wheel (decision 0037).

Only `alignment_process.py` imports this. A recording beyond a minute is cut at pauses; how many words a piece holds is
found by the same search, in which every word may be a piece's last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pocketsphinx import Decoder

from mmgt_core.captions.pronouncing import dictionary_word, pronunciations
from mmgt_core.keypoints import Float32Array
from mmgt_core.types import SAMPLE_RATE_HZ

Span = tuple[float, float]
"""First and last moment of a word, s."""

_FRAMES_PER_S = 100
_BEAM = 1e-300
"""With narrower ones (the library's, also 1e-100) searches end without a result or in the middle; none is faster."""
_SPEECH_RMS, _NOISES_RMS = 0.1, (1e-3, 3e-3, 1e-2)
"""Noise laid over speech, the next where the search fails over one: over exact zeros it mostly does."""
_PAD_S = 0.3
"""Of noise, before and behind: without, first and last words are not found."""
_PIECE_S, _LEAST_PIECE_S = 40.0, 20.0
_UNCUT_S = 60.0
_PAUSE_S = 0.2
_WORDS_PER_S, _SPARE_WORDS = 6, 12
"""No piece holds more words."""
_LEFT_OVER_S = 1.0
"""Loud moments behind the last word that was found: after more the search lost its way."""
_STEP_S, _LOUD_RMS = 0.02, _SPEECH_RMS / 5
_MADE_UP = "w{}"  # the dictionary has no figures in its words


@dataclass(frozen=True)
class _Spoken:
    """A word that has a sound: its place in the text, and its name in the dictionary."""

    place: int
    name: str


def aligned(samples: Float32Array, words: Sequence[str]) -> list[Span | None]:
    """When each word is said; None for those that have no sound, and for all from where the search fails.

    Args:
        samples: (samples,) mono at 16 kHz.
        words: what is said, in order, as written.
    """
    decoder = Decoder(
        lm=None, bestpath=False, beam=_BEAM, wbeam=_BEAM, pbeam=_BEAM, maxhmmpf=-1, samprate=SAMPLE_RATE_HZ,
        loglevel="FATAL",
    )  # fmt: skip
    spoken = _with_sounds(decoder, words)
    spans: list[Span | None] = [None] * len(words)
    heard, num_done = _levelled(samples), 0
    for piece, is_last in _pieces(heard):
        left = spoken[num_done:]
        if not left:
            break
        most = len(left) if is_last else int((piece.stop - piece.start) / SAMPLE_RATE_HZ * _WORDS_PER_S) + _SPARE_WORDS
        found = _found(decoder, heard[piece], left[:most], may_end_early=not is_last)
        if not found and is_last:
            found = _found(decoder, heard[piece], left[:most], may_end_early=True)
        if not found:
            break
        for word, (start_s, end_s) in zip(left, found, strict=False):
            offset_s = piece.start / SAMPLE_RATE_HZ
            spans[word.place] = (start_s + offset_s, end_s + offset_s)
        num_done += len(found)
    return spans


def _with_sounds(decoder: Decoder, words: Sequence[str]) -> list[_Spoken]:
    """The words that have a sound; the dictionary gets those that it lacks."""
    spoken = []
    for place, word in enumerate(words):
        name = dictionary_word(word, decoder.lookup_word)
        if name is None:
            sounds = pronunciations(word, decoder.lookup_word)
            if not sounds:
                continue
            name = _MADE_UP.format(place)
            for index, sound in enumerate(sounds):
                decoder.add_word(f"{name}({index + 1})" if index else name, sound, update=False)
        spoken.append(_Spoken(place, name))
    return spoken


def _found(decoder: Decoder, heard: Float32Array, words: Sequence[_Spoken], *, may_end_early: bool) -> list[Span]:
    """When the words are said, the first ones of them if it may end early; empty where nothing fits."""
    tries = []
    for noise_rms in _NOISES_RMS:
        found = _search(decoder, heard, words, noise_rms, may_end_early=may_end_early)
        left_over_s = _loud_s(heard[_samples(found[-1][1]) :]) if found else np.inf
        tries.append((left_over_s, found))
        if left_over_s < _LEFT_OVER_S:
            break
    return min(tries)[1]


def _loud_s(heard: Float32Array) -> float:
    """How long it is loud."""
    step = _samples(_STEP_S)
    steps = heard[: len(heard) // step * step].reshape(-1, step)
    return float(np.count_nonzero(np.square(steps).mean(axis=1) > _LOUD_RMS**2)) * _STEP_S


def _search(
    decoder: Decoder, heard: Float32Array, words: Sequence[_Spoken], noise_rms: float, *, may_end_early: bool
) -> list[Span]:
    num_words = len(words)
    steps: list[tuple[int, int, float] | tuple[int, int, float, str]] = [
        (index, index + 1, 1.0, word.name) for index, word in enumerate(words)
    ]
    if may_end_early:
        steps += [(index, num_words + 1, 1.0) for index in range(num_words + 1)]
    grammar = decoder.create_fsg("said", 0, num_words + may_end_early, steps)
    decoder.add_fsg("said", grammar)
    decoder.activate_search("said")
    noise = np.random.default_rng(0).normal(0, noise_rms, len(heard) + 2 * _samples(_PAD_S))
    padded = np.pad(heard, _samples(_PAD_S)) + noise
    decoder.start_utt()
    decoder.process_raw((np.clip(padded, -1, 1) * 32_767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    end_s, found = len(heard) / SAMPLE_RATE_HZ, []
    for segment in decoder.seg() or ():
        if segment.word[0] in "<[(+":  # silence, noise, a step without a word
            continue
        start, end = segment.start_frame / _FRAMES_PER_S - _PAD_S, (segment.end_frame + 1) / _FRAMES_PER_S - _PAD_S
        found.append((min(max(start, 0.0), end_s), min(max(end, 0.0), end_s)))
    return found


def _levelled(samples: Float32Array) -> Float32Array:
    """The samples, as loud as speech usually is."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return samples * np.float32(_SPEECH_RMS / max(rms, 1e-6))


def _pieces(heard: Float32Array) -> Iterator[tuple[slice, bool]]:
    """The recording, cut in the middles of its quietest pauses; and whether it is the last piece."""
    start = 0
    while len(heard) - start > _samples(_UNCUT_S):
        within = heard[start + _samples(_LEAST_PIECE_S) : start + _samples(_PIECE_S)]
        end = start + _samples(_LEAST_PIECE_S) + _quietest(within)
        yield slice(start, end), False
        start = end
    yield slice(start, len(heard)), True


def _quietest(heard: Float32Array) -> int:
    """The middle of the quietest moment, in samples."""
    total = np.concatenate([[0.0], np.cumsum(np.square(heard, dtype=np.float64))])
    size = _samples(_PAUSE_S)
    return int(np.argmin(total[size:] - total[:-size])) + size // 2


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)

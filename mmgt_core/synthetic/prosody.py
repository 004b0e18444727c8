"""What of the speech drives the body: phrases, and the stressed syllables with their strength."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.speech import Phoneme
from mmgt_core.types import SAMPLE_RATE_HZ

_PRIMARY_STRESS = "ˈ"
_PHRASE_GAP_S = 0.15
_MIN_BEAT_GAP_S = 0.42
_LOUDNESS_WINDOW_S = 0.12


@dataclass(frozen=True)
class Beat:
    """A stressed syllable: the time of its vowel and its strength, about 0.3 to 1."""

    time_s: float
    strength: float


@dataclass(frozen=True)
class Phrase:
    """Speech between two pauses."""

    start_s: float
    end_s: float
    beats: tuple[Beat, ...]


def phrases(phonemes: Sequence[Phoneme], samples: Float32Array) -> tuple[Phrase, ...]:
    """Split speech at its pauses and find the syllables that a speaker would stress with the hands."""
    spoken = [phoneme for phoneme in phonemes if phoneme.symbol]
    groups: list[list[Phoneme]] = []
    for phoneme in spoken:
        if not groups or phoneme.start_s - groups[-1][-1].end_s > _PHRASE_GAP_S:
            groups.append([])
        groups[-1].append(phoneme)
    loudest = max((_loudness(samples, phoneme.start_s) for phoneme in spoken), default=0.0)
    return tuple(Phrase(group[0].start_s, group[-1].end_s, _beats(group, samples, loudest)) for group in groups)


def _beats(group: Sequence[Phoneme], samples: Float32Array, loudest: float) -> tuple[Beat, ...]:
    beats: list[Beat] = []
    for phoneme in group:
        if not phoneme.symbol.startswith(_PRIMARY_STRESS):
            continue
        if beats and phoneme.start_s - beats[-1].time_s < _MIN_BEAT_GAP_S:
            continue
        strength = _loudness(samples, phoneme.start_s) / loudest if loudest else 0.0
        beats.append(Beat(phoneme.start_s, strength))
    return tuple(beats)


def _loudness(samples: Float32Array, time_s: float) -> float:
    """Root mean square from that time on."""
    first = round(time_s * SAMPLE_RATE_HZ)
    window = samples[first : first + round(_LOUDNESS_WINDOW_S * SAMPLE_RATE_HZ)]
    return float(np.sqrt(np.mean(np.square(window, dtype=np.float64)))) if len(window) else 0.0

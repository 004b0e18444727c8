"""Mouth shapes: phonemes in time become opening and width of the lips, co-articulated, at 25 frames a second."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from mmgt_core.keypoints import Float32Array
from mmgt_core.synthetic.speech import Phoneme
from mmgt_core.types import FPS

CLOSED_SYMBOLS = frozenset("pbmβ")
"""Phonemes whose lips must meet."""

_CLOSED_WEIGHT = 6.0
_MIN_CLOSURE_S = 0.07
"""Longer than a frame, so that every closure is seen."""

_SHAPES = {
    "aɐɑæ": (1.0, 0.1, 1.0),
    "ʌɒ": (0.85, 0.0, 1.0),
    "ɔ": (0.75, -0.45, 1.2),
    "o": (0.6, -0.65, 1.3),
    "ɛœ": (0.68, 0.35, 1.0),
    "eø": (0.54, 0.5, 1.0),
    "əɜɚᵻ": (0.46, 0.0, 0.7),
    "iɪɨj": (0.32, 0.9, 1.0),
    "uʊwʉɵ": (0.3, -1.0, 1.3),
    "yɥ": (0.3, -0.9, 1.2),
    "fv": (0.06, 0.1, 3.0),
    "ʃʒɕ": (0.22, -0.6, 1.0),
    "szç": (0.14, 0.4, 0.9),
    "θð": (0.22, 0.1, 0.7),
    "tdnlɲʎ": (0.2, 0.1, 0.5),
    "rɹɾ": (0.26, -0.25, 0.6),
    "kɡŋxɣʁh": (0.3, 0.0, 0.4),
}
"""IPA symbols: opening (share of the widest), width (-1 rounded, 1 spread), strength against neighbours."""

_TARGETS = {symbol: shape for symbols, shape in _SHAPES.items() for symbol in symbols}
_TARGETS |= dict.fromkeys(CLOSED_SYMBOLS, (0.0, 0.0, _CLOSED_WEIGHT))
_SILENCE = (0.0, 0.0, 0.8)

_STEPS_PER_FRAME = 16
_STEPS_PER_S = _STEPS_PER_FRAME * FPS
_BLEND_S = 0.023
_PRESSED = 0.06
"""Lips that would be less open than this share touch."""


@dataclass(frozen=True)
class MouthCurves:
    """Of each frame, (F,): opening from 0 closed to 1, width from -1 rounded to 1 spread."""

    opening: Float32Array
    width: Float32Array


def mouth_curves(phonemes: Sequence[Phoneme], num_frames: int) -> MouthCurves:
    """The mouth at the middle of each frame: each shape wins by its strength and nearness in time."""
    num_steps = num_frames * _STEPS_PER_FRAME
    targets = np.tile(np.array(_SILENCE), (num_steps, 1))
    for start_s, end_s, shape in sorted(_shapes(phonemes), key=lambda item: item[2][2]):
        targets[round(start_s * _STEPS_PER_S) : round(end_s * _STEPS_PER_S)] = shape
    weights = targets[:, 2]
    strength = gaussian_filter1d(weights, _BLEND_S * _STEPS_PER_S)
    blended = gaussian_filter1d(targets[:, :2] * weights[:, None], _BLEND_S * _STEPS_PER_S, axis=0) / strength[:, None]
    seen = blended[_STEPS_PER_FRAME // 2 :: _STEPS_PER_FRAME]
    opening = np.clip((seen[:, 0] - _PRESSED) / (1 - _PRESSED), 0, 1)
    return MouthCurves(opening.astype(np.float32), seen[:, 1].astype(np.float32))


def _shapes(phonemes: Sequence[Phoneme]) -> list[tuple[float, float, tuple[float, float, float]]]:
    """Start and end in seconds and shape of every symbol; a diphthong's symbols share its time."""
    shapes = []
    for phoneme in phonemes:
        symbols = [symbol for symbol in phoneme.symbol if symbol in _TARGETS]
        length_s = (phoneme.end_s - phoneme.start_s) / max(1, len(symbols))
        for index, symbol in enumerate(symbols):
            middle_s = phoneme.start_s + (index + 0.5) * length_s
            half_s = length_s / 2
            if symbol in CLOSED_SYMBOLS:
                half_s = max(half_s, _MIN_CLOSURE_S / 2)
            shapes.append((max(0.0, middle_s - half_s), middle_s + half_s, _TARGETS[symbol]))
    return shapes

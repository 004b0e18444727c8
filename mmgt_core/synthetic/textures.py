"""What skin, hair and cloth look like from near: grey tiles that repeat without a seam."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.synthetic.parts import Material

_SIDE = CANVAS_SIZE
_SKIN_SLOPE, _FOLD_SLOPE = 1.2, 1.8
"""How much weaker fine structure is than coarse: amplitude falls with that power of the frequency."""
_STRAND_PX = 60
_THREAD_PX = (2, 6)
_LARGEST = 3.0
"""Deviations that a texture keeps."""


def textures(seed: int) -> Mapping[Material, Float32Array]:
    """Of each material, (S, S) of mean 0 and deviation 1, in px of the 512 canvas; always the same of a seed."""
    rng = np.random.default_rng([seed, 2])
    plain = np.zeros((_SIDE, _SIDE), np.float32)
    return {
        Material.SKIN: seamless_noise(_SIDE, rng, _SKIN_SLOPE),
        Material.HAIR: _strands(rng),
        Material.CLOTH: _cloth(rng),
        Material.GLASS: plain,
        Material.EDGE: plain,
    }


def seamless_noise(side: int, rng: np.random.Generator, slope: float) -> Float32Array:
    """Noise whose amplitude falls with a power of the frequency, (side, side), which repeats without a seam."""
    white = np.fft.rfft2(rng.standard_normal((side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = np.inf  # no mean
    return _even(np.fft.irfft2(white / frequency**slope, (side, side)))


def _strands(rng: np.random.Generator) -> Float32Array:
    """Noise drawn out along one axis, a little wavy, beside coarser waves."""
    noise = rng.standard_normal((_SIDE, _SIDE)).astype(np.float32)
    padded = cv2.copyMakeBorder(noise, _STRAND_PX, _STRAND_PX, 0, 0, cv2.BORDER_WRAP)
    drawn_out = cv2.blur(padded, (1, _STRAND_PX))[_STRAND_PX:-_STRAND_PX]
    return _even(_even(drawn_out) + seamless_noise(_SIDE, rng, _FOLD_SLOPE))


def _cloth(rng: np.random.Generator) -> Float32Array:
    """Threads across each other over folds."""
    thread = float(rng.choice([_SIDE / (_SIDE // pixels) for pixels in range(*_THREAD_PX)]))
    phase = 2 * np.pi * np.arange(_SIDE) / thread
    weave = np.sin(phase)[:, None] * np.sin(phase)[None] * float(rng.uniform(0, 1))
    return _even(weave + seamless_noise(_SIDE, rng, _FOLD_SLOPE))


def _even(texture: npt.NDArray[np.floating]) -> Float32Array:
    """Mean 0, deviation 1, without extremes."""
    even = (texture - texture.mean()) / texture.std()
    return np.clip(even, -_LARGEST, _LARGEST).astype(np.float32)

"""Pictures without a presenter, made from one with: what its detector learns to see nobody in."""

from collections.abc import Callable

import cv2
import numpy as np

from mmgt_core.types import UInt8Array

_MOST_SHAPES = 24


def picture_of_nobody(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """Spoil a presenter's picture, or replace it, in one of several ways: (S, S, 3) to a new one; S a power of 2."""
    kind = _KINDS[int(generator.integers(len(_KINDS)))]
    return np.ascontiguousarray(kind(picture, generator))


def _pieces_in_another_order(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    whole = len(picture)
    side = whole // int(generator.choice([4, 8, 16]))
    count = whole // side
    pieces = picture.reshape(count, side, count, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    shuffled = generator.permutation(pieces).reshape(count, count, side, side, 3).swapaxes(1, 2)
    return shuffled.reshape(picture.shape)


def _turned(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """On its side or on its head."""
    return np.rot90(picture, int(generator.integers(1, 4)))


def _coarse_noise(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """As strong on every scale, as photographs are; over one colour."""
    colour = generator.uniform(0, 255, 3)
    return _as_picture(colour + generator.uniform(10, 60) * _noise_of_all_scales(len(picture), generator))


def _under_grain(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """A figure seen through frosted glass."""
    blurred = cv2.GaussianBlur(picture, (0, 0), generator.uniform(6, 14)).astype(np.float64)
    return _as_picture(blurred + generator.uniform(20, 60) * _noise_of_all_scales(len(picture), generator))


def _plain(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """One colour, or one that passes into another, with or without a little grain."""
    first, second = generator.uniform(0, 255, (2, 3))
    if generator.random() < 0.3:
        second = first
    angle = generator.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0 : 1 : len(picture) * 1j, 0 : 1 : len(picture) * 1j] - 0.5
    share = (rows * np.sin(angle) + columns * np.cos(angle) + 0.75)[..., None] / 1.5
    grain = generator.normal(0, generator.uniform(0, 6), picture.shape)
    return _as_picture(first + share * (second - first) + grain)


def _shapes(picture: UInt8Array, generator: np.random.Generator) -> UInt8Array:
    """Boxes and ellipses of the picture's own colours, sharp or blurred."""
    side = len(picture)
    drawn = np.full_like(picture, picture[tuple(generator.integers(side, size=2))])
    for _ in range(int(generator.integers(2, _MOST_SHAPES))):
        colour = [int(value) for value in picture[tuple(generator.integers(side, size=2))]]
        x, y = (int(value) for value in generator.integers(side, size=2))
        width, height = (int(value) for value in generator.integers(3, side // 3, size=2))
        if generator.random() < 0.5:
            cv2.rectangle(drawn, (x - width, y - height), (x + width, y + height), colour, -1)
        else:
            angle = float(generator.uniform(0, 180))
            cv2.ellipse(drawn, (x, y), (width, height), angle, 0, 360, colour, -1, cv2.LINE_AA)
    if generator.random() < 0.5:
        drawn = np.asarray(cv2.GaussianBlur(drawn, (0, 0), generator.uniform(0.5, 4)), np.uint8)
    return drawn


_KINDS: tuple[Callable[[UInt8Array, np.random.Generator], UInt8Array], ...] = (
    _pieces_in_another_order,
    _turned,
    _coarse_noise,
    _under_grain,
    _plain,
    _shapes,
)


def _noise_of_all_scales(side: int, generator: np.random.Generator) -> np.ndarray:
    """(side, side, 3), around 0."""
    scales = [2**power for power in range(2, side.bit_length())]
    return np.sum(
        [
            cv2.resize(generator.normal(0, 1, (scale, scale, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
            for scale in scales
        ],
        axis=0,
    )


def _as_picture(values: np.ndarray) -> UInt8Array:
    return np.asarray(values.clip(0, 255), np.uint8)

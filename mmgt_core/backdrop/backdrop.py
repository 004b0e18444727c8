"""What stands behind the person: a plain colour, a picture, or nothing; `keep` leaves what the photograph has there."""

import re
from dataclasses import dataclass

import cv2
import numpy as np

from mmgt_core.types import UInt8Array

KEEP, TRANSPARENT, IMAGE = "keep", "transparent", "image"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_BESIDE_TRANSPARENT = "#ffffff"
"""Stands behind the person in the MP4, which knows no transparency."""


@dataclass(frozen=True)
class Backdrop:
    """name: `#rrggbb`, `transparent` or `image`. picture: (H, W, 3) RGB, of a colour a single pixel."""

    name: str
    picture: UInt8Array

    def filling(self, width: int, height: int) -> UInt8Array:
        """The largest middle part of the picture in the shape of a video, at its size: (height, width, 3)."""
        rows, columns = self.picture.shape[:2]
        scale = min(columns / width, rows / height)
        across, down = (max(1, round(scale * length)) for length in (width, height))
        x, y = (columns - across) // 2, (rows - down) // 2
        part = self.picture[y : y + down, x : x + across]
        way = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(part, (width, height), interpolation=way), np.uint8)


def asked_backdrop(asked: str) -> Backdrop | None:
    """What a client's word means; None: what the photograph has stays.

    Raises:
        ValueError: it means nothing.
    """
    if asked == KEEP:
        return None
    if asked != TRANSPARENT and not _COLOUR.fullmatch(asked):
        raise ValueError(f"backdrop is {asked!r}; it must be {KEEP}, {TRANSPARENT} or #rrggbb")
    colour = bytes.fromhex((_BESIDE_TRANSPARENT if asked == TRANSPARENT else asked)[1:])
    return Backdrop(asked.lower(), np.frombuffer(colour, np.uint8).reshape(1, 1, 3))


def of_image(pixels: UInt8Array, max_side_px: int) -> Backdrop:
    """A picture, (H, W, 3) RGB, with no more pixels than a video can show."""
    height, width = pixels.shape[:2]
    scale = max_side_px / min(height, width)
    if scale < 1:
        size = max(1, round(scale * width)), max(1, round(scale * height))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return Backdrop(IMAGE, pixels)

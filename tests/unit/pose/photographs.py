"""The photographs that the tests look at, and what a person sees in them (tests/data/README.md)."""

from pathlib import Path

import numpy as np
from PIL import Image

from mmgt_core.keypoints import FACE
from mmgt_core.types import UInt8Array

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"

NOSE, NECK, RIGHT_WRIST, LEFT_WRIST, RIGHT_EYE, LEFT_EYE = 0, 1, 4, 7, 14, 15
CHIN, RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = FACE.start + 8, FACE.start + 48, FACE.start + 54


def photograph(name: str) -> UInt8Array:
    """(H, W, 3) uint8 RGB."""
    folder = ROOT / "samples" if name == "portrait.png" else DATA
    with Image.open(folder / name) as image:
        return np.asarray(image.convert("RGB"))


def enlarged(image: UInt8Array, factor: float) -> UInt8Array:
    """The same photograph with more or fewer pixels."""
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))

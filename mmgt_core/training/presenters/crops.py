"""Where networks that learn from crops look: anywhere, and often at a face or a hand, where errors are seen first."""

import numpy as np

from mmgt_core.keypoints import CANVAS_SIZE, FACE, LEFT_HAND, RIGHT_HAND, Float32Array

_DETAILED_PARTS = (FACE, LEFT_HAND, RIGHT_HAND)


def drawn_crop(
    keypoints: Float32Array,
    side: int,
    crop: int,
    detail_fraction: float,
    generator: np.random.Generator,
    grid_px: int = 1,
) -> tuple[slice, slice]:
    """Rows and columns of a crop.

    Args:
        keypoints: (134, 3) on the 512 canvas.
        side: of the picture, in pixels.
        crop: side of the crop, in pixels.
        detail_fraction: of crops around a face or a hand.
        generator: of what is drawn.
        grid_px: crops begin at multiples of it.
    """
    centre = generator.uniform(0, side, 2)
    if generator.random() < detail_fraction:
        part = _DETAILED_PARTS[int(generator.integers(len(_DETAILED_PARTS)))]
        seen = keypoints[part, :2].mean(axis=0) * side / CANVAS_SIZE
        centre = seen + generator.normal(0, crop / 6, 2)
    x, y = (centre - crop / 2).clip(0, side - crop).astype(int) // grid_px * grid_px
    return slice(y, y + crop), slice(x, x + crop)

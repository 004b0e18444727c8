"""What a hole in a picture would show: what is around it, carried on along rows and columns where both ends agree."""

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.skeleton import Bools
from mmgt_core.types import UInt8Array

_AGREEING = 24.0
"""Levels of 255 by which both ends of a line across a hole may differ and still be believed half."""
_NO_SUCH_END = 1e4
_NEAR_SHARE, _FAR_SHARE = 0.008, 0.04
"""Of the side: over these distances lines are smoothed, at a hole's edge and deep inside, where those that do not agree
would look woven."""
_ONE_END = 0.5
"""How far a line is believed that leaves the picture."""


def filled(picture: UInt8Array, is_hole: Bools) -> UInt8Array:
    """The picture with its holes filled, (H, W, 3). Args: is_hole: (H, W); a picture that is all hole stays as it is.

    Each line across a hole, left to right and top to bottom, goes from the colour of one end to the other's; the
    shorter and the more alike its ends, the more it counts. So stripes and horizons go on behind a person.
    """
    if is_hole.all() or not is_hole.any():
        return picture
    colours = picture.astype(np.float32)
    across, across_trust, across_share = _lines(colours, is_hole)
    down, down_trust, down_share = (np.swapaxes(part, 0, 1) for part in _lines(np.swapaxes(colours, 0, 1), is_hole.T))
    share = (across_share / np.maximum(across_share + down_share, 1e-12))[..., None]
    mixed = down + share * (across - down)
    trust = down_trust[..., None] + share * (across_trust - down_trust)[..., None]
    whole = np.where(is_hole[..., None], mixed, colours)
    side = picture.shape[0]
    near, far = (cv2.GaussianBlur(whole, (0, 0), max(0.5, share * side)) for share in (_NEAR_SHARE, _FAR_SHARE))
    depth = cv2.distanceTransform(is_hole.astype(np.uint8), cv2.DIST_L2, 5)
    smooth = near + (1 - trust) * np.clip(depth / (2 * _FAR_SHARE * side), 0, 1)[..., None] * (far - near)
    return np.where(is_hole[..., None], np.rint(smooth).clip(0, 255).astype(np.uint8), picture)


def _lines(colours: Float32Array, is_hole: Bools) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Along rows: each pixel of a hole by its line's ends, (H, W, 3); how far that is believed, 0 to 1, and how much it
    counts, (H, W) each."""
    width = is_hole.shape[1]
    columns = np.broadcast_to(np.arange(width), is_hole.shape)
    left = np.maximum.accumulate(np.where(is_hole, -1, columns), axis=1)
    right = np.minimum.accumulate(np.where(is_hole, width, columns)[:, ::-1], axis=1)[:, ::-1]
    has_left, has_right = left >= 0, right < width
    first = np.take_along_axis(colours, np.clip(left, 0, width - 1)[..., None], axis=1)
    last = np.take_along_axis(colours, np.clip(right, 0, width - 1)[..., None], axis=1)
    to_left = np.where(has_left, columns - left + 1, _NO_SUCH_END).astype(np.float32)
    to_right = np.where(has_right, right - columns + 1, _NO_SUCH_END).astype(np.float32)
    share = (to_right / (to_left + to_right))[..., None]
    mixed = first * share + last * (1 - share)
    disagreement = np.abs(first - last).mean(axis=-1) / _AGREEING
    agreement = np.where(has_left & has_right, 1 / (1 + np.square(disagreement)), np.float32(_ONE_END))
    nearest = np.minimum(to_left, to_right)
    return mixed, agreement, np.asarray((has_left | has_right) * agreement / np.square(nearest), np.float32)


def spread(picture: UInt8Array, is_known: Bools) -> UInt8Array:
    """Each unknown pixel takes the colour of the nearest known one, (H, W, C)."""
    if is_known.all() or not is_known.any():
        return picture
    unknown = (~is_known).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((int(labels.max()) + 1, picture.shape[2]), np.uint8)
    colours[labels[is_known]] = picture[is_known]
    return np.asarray(colours[labels])

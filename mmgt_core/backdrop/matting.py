"""Which part of each frame is the person: a small network's word, keypoints and colours where it fails, calm over time.

The network takes long hair beside a face for background, and skin-coloured discs in a background for somebody. So what
surely is the person by the keypoints is the person; a colour that the portrait has only on one side counts for that
side; and what does not hang together with the body is none of it.
"""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d
from scipy.special import expit, logit

from mmgt_core.backdrop.edges import Edges
from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.cutting import shown_limbs
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.silhouette import covered, trunk_shape
from mmgt_core.puppet.skeleton import Bools, Size, outside, shoulder_unit
from mmgt_core.types import UInt8Array

Number = TypeVar("Number", np.uint8, np.float32)

CELLS = 256
"""Of the network, across and down."""
BODY_CELLS = 64
"""Of the keypoints' evidence: it says little about edges."""
_LIMB, _TRUNK = 0.55, 0.12
"""Share of a limb's radius that surely is the person; of half the shoulders' width, how far inside a trunk begins."""
_SHADES = 16
"""Of each primary, by which colours are counted."""
_TRUSTED, _COUNTED, _RARE = 0.9, 0.6, 1e-4
"""Share from which on a cell's colour counts for its side; how much colours count beside the network; share of all
cells below which a colour says nothing."""
_MOST, _MOST_SEEN = 4.0, 8.0
"""Logarithms of odds: nobody is surer than the first, but the network of what it sees as the person."""
_DECIDED = 1.5
"""Times the odds: a matte half there is a ghost."""
_HANGING = 0.2
"""Share from which on cells hang together."""
_ALIKE, _LOOKED_OVER = 12.0, 2.5
"""Levels by which a cell may differ from the portrait's that it is taken for, and be half believed; cells over which
they are looked at."""
_HOLE, _SMALL = 0.7, 0.004
"""Below the first share a cell is in a hole; one of fewer than the second share of all cells is filled where the person
is around it."""
_HARDLY = 6.0
"""Levels up to which a cell has not changed; from twice as many on its last matte counts no more."""
_FORGOTTEN = 0.25
"""Of the last matte in each frame, also where nothing seems to change."""


class Matting:
    """Finds the person in frames of one video, in their order."""

    def __init__(self, network: PersonMatte, portrait: UInt8Array, body: Float32Array, resolution: int = CELLS) -> None:
        """Args: portrait: (H, W, 3) RGB. body: as `sure_body` has it. resolution: of the frames to come."""
        self._network = network
        cells, sure = _cells(portrait), _on_cells(body)
        self._colours = _odds_of_colours(cells, network(cells, sure))
        self._own = _hanging_together(self._seen(cells, sure), sure)
        size = min(resolution, CELLS), min(resolution, CELLS)
        self._portrait = _cells(np.asarray(cv2.resize(cells, size, interpolation=cv2.INTER_AREA), np.uint8))
        self._calm: tuple[Float32Array, Float32Array] | None = None

    def __call__(self, frame: UInt8Array, body: Float32Array) -> Edges:
        """Where the person ends in a frame, (H, W, 3) RGB. Args: body: of its pose."""
        cells, sure = _cells(frame), _on_cells(body)
        share = self._seen(cells, sure)
        share += self._trust(cells) * (self._own - share)
        share = np.maximum(_hanging_together(share, sure), sure)
        return Edges.of(*self._calmed(cells.astype(np.float32), share))

    def _seen(self, cells: UInt8Array, sure: Float32Array) -> Float32Array:
        """What network and colours say of a picture by itself."""
        odds = _logit(self._network(cells, sure)) + _COUNTED * self._colours[_shades(cells)]
        return np.asarray(expit(_DECIDED * odds), np.float32)

    def _trust(self, cells: UInt8Array) -> Float32Array:
        """How far the portrait's own matte is believed: where a frame shows the same in the same place, 0 to 1."""
        off = cv2.GaussianBlur(_largest(cv2.absdiff(self._portrait, cells)).astype(np.float32), (0, 0), _LOOKED_OVER)
        return np.asarray(1 / (1 + (off / _ALIKE) ** 4), np.float32)

    def _calmed(self, cells: Float32Array, share: Float32Array) -> tuple[Float32Array, Float32Array]:
        """The cells, and how much of them is the person: nearly as before where they hardly change."""
        before, last = self._calm or (cells, share)
        change = np.clip(cv2.blur(_largest(np.abs(cells - before)), (3, 3)) / _HARDLY - 1, 0, 1)
        share = last + np.maximum(change, np.float32(_FORGOTTEN)) * (share - last)
        self._calm = before + change[..., None] * (cells - before), share
        return cells, share


def sure_body(points: Float32Array, seen: Bools, size: Size) -> Float32Array:
    """What surely is the person by the keypoints, clearly inside of the outline: (H, W), 0 to 1.

    Args:
        points: (134, 2) pixels. seen: (134,).
    """
    trunk = trunk_shape(points, seen, size)
    reach = max(1, round(_TRUNK * shoulder_unit(points)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    body = np.asarray(cv2.erode(trunk, disc), np.float32)
    for limb in shown_limbs(points, seen, size):
        inner = limb.part.bones(points, limb.size, _LIMB)
        body = np.maximum(body, covered(outside(inner, size), 1.0))
    return body


def _largest(difference: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Of the three primaries: (H, W)."""
    red, green, blue = cv2.split(difference)
    return np.asarray(np.maximum(np.maximum(red, green), blue))


def _cells(picture: UInt8Array) -> UInt8Array:
    way = cv2.INTER_AREA if min(picture.shape[:2]) > CELLS else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (CELLS, CELLS), interpolation=way), np.uint8)


def _on_cells(body: Float32Array) -> Float32Array:
    return np.asarray(cv2.resize(body, (CELLS, CELLS), interpolation=cv2.INTER_LINEAR), np.float32)


def _logit(share: Float32Array) -> Float32Array:
    return np.asarray(np.clip(logit(share.clip(1e-6, 1 - 1e-6)), -_MOST, _MOST_SEEN), np.float32)


def _shades(cells: UInt8Array) -> tuple[UInt8Array, ...]:
    """Each cell's colour as three whole numbers below `_SHADES`."""
    return tuple(cv2.split(cells // np.uint8(256 // _SHADES)))


def _odds_of_colours(cells: UInt8Array, share: Float32Array) -> Float32Array:
    """How much more of each colour lies on the person than behind, as a logarithm: (_SHADES,) * 3."""
    person, behind = (_how_often(cells[is_sure]) for is_sure in (share > _TRUSTED, share < 1 - _TRUSTED))
    return np.asarray(np.clip(np.log((person + _RARE) / (behind + _RARE)), -_MOST, _MOST), np.float32)


def _how_often(colours: UInt8Array) -> Float32Array:
    """Share of some cells, (N, 3), that have each colour, or one beside it: (_SHADES,) * 3."""
    number = np.ravel_multi_index(_shades(colours[None]), (_SHADES,) * 3).ravel()
    counted = np.bincount(number, minlength=_SHADES**3).reshape((_SHADES,) * 3).astype(np.float32)
    for axis in range(3):
        counted = convolve1d(counted, [0.25, 0.5, 0.25], axis, mode="constant")
    return np.asarray(counted / max(1, len(colours)), np.float32)


def _hanging_together(share: Float32Array, body: Float32Array) -> Float32Array:
    """Nothing where no way leads to the body (where nobody is sure of one, all of it), and no small hole."""
    _, pieces = cv2.connectedComponents((share > _HANGING).astype(np.uint8))
    kept = np.unique(pieces[(body > _TRUSTED) & (pieces > 0)])
    if kept.size > 0:
        share = np.where(np.isin(pieces, kept), share, np.float32(0))
    _, holes, facts, _ = cv2.connectedComponentsWithStats((share < _HOLE).astype(np.uint8), connectivity=4)
    is_small = (facts[:, cv2.CC_STAT_AREA] < _SMALL * holes.size) & ~np.isin(np.arange(len(facts)), _at_edges(holes))
    is_small[0] = False
    return np.where(is_small[holes], np.float32(1), share)


def _at_edges(pieces: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return np.concatenate([pieces[[0, -1]].ravel(), pieces[:, [0, -1]].ravel()])

"""Frames of the whole picture: the photograph stays as it is, and what the rendered square changes of it is laid over.

Where the square shows what the portrait shows, nothing changes: the photograph keeps its own detail there, which no
square of 128 or 512 pixels has. Where it shows something else, it stands alone.
"""

from dataclasses import dataclass

import av
import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.media.film_streams import bt709_frame
from mmgt_core.types import UInt8Array
from mmgt_core.whole_picture.planes import frame_of, plane_differences, planes_of
from mmgt_core.whole_picture.seam import colour_error, fading, feather
from mmgt_core.whole_picture.surroundings import Surroundings

_HARDLY, _CLEARLY = 4.0, 12.0
"""Levels of 255: a change up to the first keeps the photograph's detail whole, from the second on none of it."""
_CLOSE = 0.05
"""Of the square's side: so close to a change no detail stays either: it may belong to what has moved."""
_LOOKED_AT_SIDE = 96
"""Cells across and down in which changes are looked for."""


class Composer:
    """Lays frames of a square into the photograph that it was cut from; made once for a video."""

    def __init__(self, surroundings: Surroundings, portrait: UInt8Array) -> None:
        """Args: portrait: the square as the networks saw it, (R, R, 3) uint8 RGB, as large as the frames to come."""
        width, height = surroundings.size
        place, resolution = surroundings.place, portrait.shape[0]
        self._box = _even_box(surroundings)
        x0, y0, x1, y1 = self._box
        self._seen = (_cells(x1 - x0, place.width, resolution), _cells(y1 - y0, place.height, resolution))
        self._to_square = _aligning(surroundings, self._box, self._seen, resolution)
        self._portrait = self._aligned(portrait)
        self._seams = (y0 > 0, y1 < height, x0 > 0, x1 < width)
        self._fading = fading((y1 - y0, x1 - x0), (feather(place.height), feather(place.width)), self._seams)
        self._rough_fading = cv2.resize(self._fading, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        self._planes = planes_of(bt709_frame(surroundings.picture))
        enlarged = self._enlarged(plane_differences(self._portrait))
        offsets = (16.0, 128.0, 128.0)
        self._detail = tuple(
            part.astype(np.float32) - offset - plane
            for part, offset, plane in zip(self._boxes(self._planes), offsets, enlarged, strict=True)
        )

    def frame(self, image: UInt8Array) -> av.VideoFrame:
        """A frame of the square, (R, R, 3) uint8 RGB, in its place, as a film keeps it."""
        change = self._aligned(image) - self._portrait
        error = colour_error(change, self._seams)
        if error is not None:
            change -= error
        rough = cv2.resize(_newness(change), self._rough_fading.shape[::-1], interpolation=cv2.INTER_LINEAR)
        fine = cv2.resize(rough, self._fading.shape[::-1], interpolation=cv2.INTER_LINEAR)
        enlarged = self._enlarged(plane_differences(change))
        planes = tuple(plane.copy() for plane in self._planes)
        shares = ((self._fading, fine), (self._rough_fading, rough), (self._rough_fading, rough))
        for part, moved, detail, (share, new) in zip(self._boxes(planes), enlarged, self._detail, shares, strict=True):
            moved -= cv2.multiply(detail, new)
            cv2.add(part, cv2.multiply(moved, share), dst=part, dtype=cv2.CV_8U)
        return frame_of(planes)

    def _aligned(self, image: UInt8Array) -> Float32Array:
        """What of the square lies in its box, (h, w, 3) levels, with no more pixels than there is room for."""
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        shrunk = cv2.resize(image, (self._to_square.across, self._to_square.down), interpolation=cv2.INTER_AREA)
        moved = cv2.warpAffine(
            shrunk.astype(np.float32), self._to_square.map, self._seen, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(moved, np.float32)

    def _enlarged(self, planes: Float32Array) -> tuple[Float32Array, ...]:
        """Planes of the square, (h, w, 3), at the size of its box: luma whole, chroma halved."""
        sizes = [share.shape[::-1] for share in (self._fading, self._rough_fading, self._rough_fading)]
        ways = (cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LINEAR)
        split = zip(cv2.split(planes), sizes, ways, strict=True)
        return tuple(np.asarray(cv2.resize(plane, size, interpolation=way), np.float32) for plane, size, way in split)

    def _boxes(self, planes: tuple[UInt8Array, ...]) -> tuple[UInt8Array, ...]:
        """Views of the planes where the square lies."""
        x0, y0, x1, y1 = self._box
        luma, *chroma = planes
        return (luma[y0:y1, x0:x1], *(plane[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] for plane in chroma))


@dataclass(frozen=True)
class _Alignment:
    """across, down: pixels that the square is shrunk to. map: (2, 3), from those of its box to those."""

    across: int
    down: int
    map: Float32Array


def _aligning(
    surroundings: Surroundings, box: tuple[int, int, int, int], seen: tuple[int, int], resolution: int
) -> _Alignment:
    """From cells of the box to pixels of the square, which begins and ends between pixels of the video."""
    place, (x0, y0, x1, y1) = surroundings.place, box
    sizes, rows = [], []
    for start, length, first, last, count in (
        (place.x, place.width, x0, x1, seen[0]),
        (place.y, place.height, y0, y1, seen[1]),
    ):
        size = min(resolution, max(1, round(length)))
        scale, cell = size / length, (last - first) / count
        sizes.append(size)
        rows.append((scale * cell, scale * (first + cell / 2 - start) - 0.5))
    (across, x), (down, y) = rows
    return _Alignment(sizes[0], sizes[1], np.array([[across, 0, x], [0, down, y]], np.float32))


def _cells(length: int, of_square: float, resolution: int) -> int:
    """So many of the square's pixels lie along a side of its box; never more than the box has."""
    return max(1, min(length, round(resolution * length / of_square)))


def _newness(change: Float32Array) -> Float32Array:
    """How far a cell shows something else than the portrait, or lies close to what does, 0 to 1.

    Args:
        change: (h, w, 3) levels.
    """
    height, width = change.shape[:2]
    scale = min(1.0, _LOOKED_AT_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    largest = cv2.resize(np.abs(change).max(axis=-1), size, interpolation=cv2.INTER_AREA)
    changed = np.clip((cv2.blur(largest, (3, 3)) - _HARDLY) / (_CLEARLY - _HARDLY), 0, 1)
    reach = max(1, round(_CLOSE * max(size)))
    near = cv2.dilate(changed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    return np.asarray(cv2.GaussianBlur(near, (0, 0), reach / 2), np.float32)


def _even_box(surroundings: Surroundings) -> tuple[int, int, int, int]:
    """The part of the picture that the square covers, x0, y0, x1, y1, all even: an odd one would lie between chroma."""
    width, height = surroundings.size
    place = surroundings.place
    x0, y0 = (2 * int(np.ceil(max(0.0, start) / 2)) for start in (place.x, place.y))
    x1 = 2 * int(min(float(width), place.x + place.width) / 2)
    y1 = 2 * int(min(float(height), place.y + place.height) / 2)
    return x0, y0, x1, y1

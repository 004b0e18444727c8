"""The person of each frame by themselves, in what the video shows: the square, or all of a framing."""

from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np

from mmgt_core.backdrop.edges import Edges
from mmgt_core.backdrop.matting import BODY_CELLS, CELLS, Matting, sure_body
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.media.film_streams import shown
from mmgt_core.puppet.matte import PersonMatte
from mmgt_core.puppet.skeleton import in_picture, is_seen
from mmgt_core.types import RenderedFrame, UInt8Array
from mmgt_core.whole_picture.seam import fading, feather
from mmgt_core.whole_picture.surroundings import Place, Surroundings


@dataclass(frozen=True)
class CutOut:
    """colours: (H, W, 3) RGB, the person's own. share: (H, W), how much of each pixel they are, 0 to 1."""

    colours: Float32Array
    share: Float32Array

    def before(self, picture: UInt8Array) -> UInt8Array:
        """The person before a picture, (H, W, 3) RGB."""
        behind = picture.astype(np.float32)
        return _levels(behind + self.share[..., None] * (self.colours - behind))

    @property
    def opacity(self) -> UInt8Array:
        """The share in levels of 255."""
        return _levels(self.share * 255)

    @property
    def layer(self) -> UInt8Array:
        """(H, W, 4): RGB, not multiplied, and opacity."""
        return np.dstack([_levels(self.colours), self.opacity])


CutsOut = Callable[[RenderedFrame], CutOut]
"""Cuts the person out of each frame of a video, in their order."""
Composing = Callable[[UInt8Array], av.VideoFrame]
"""From a frame of the square, (R, R, 3) RGB, to all that the video shows."""


def cutting_out_of_squares(portrait: UInt8Array, keypoints: Float32Array, resolution: int) -> CutsOut:
    """For a video that shows the square. Args: portrait: (512, 512, 3) RGB. keypoints: its own pose."""
    matting = Matting(PersonMatte(), portrait, _body(keypoints), resolution)

    def cut_out(frame: RenderedFrame) -> CutOut:
        height, width = frame.image.shape[:2]
        return _cut(matting(frame.image, _body(frame.keypoints)).resized(width, height), frame.image)

    return cut_out


class FramedCutting:
    """For a video that shows more of the photograph than the square, where nothing moves."""

    def __init__(
        self, compose: Composing, around: Surroundings, portrait: UInt8Array, keypoints: Float32Array, resolution: int
    ) -> None:
        """Args: compose: puts a square in its place. portrait: (512, 512, 3) RGB. keypoints: (134, 3), its own pose."""
        network, picture, place = PersonMatte(), around.picture, around.place
        self._compose = compose
        self._matting = Matting(network, portrait, _body(keypoints), resolution)
        width, height = around.size
        body = _placed_body(keypoints, around)
        still = Matting(network, picture, body)(picture, body)
        self._still = _cut(still.resized(width, height), picture)
        self._box = x0, y0, x1, y1 = _box_of(around)
        seams = (y0 > 0, y1 < height, x0 > 0, x1 < width)
        self._fading = fading((y1 - y0, x1 - x0), (feather(place.height), feather(place.width)), seams)
        self._to_cells = _to_cells(place, (x0, y0))

    def __call__(self, frame: RenderedFrame) -> CutOut:
        """The person of a frame."""
        picture = shown(self._compose(frame.image))
        x0, y0, x1, y1 = self._box
        edges = self._matting(frame.image, _body(frame.keypoints))
        moving = _cut(edges.placed(self._to_cells, x1 - x0, y1 - y0), picture[y0:y1, x0:x1])
        colours, share = self._still.colours.copy(), self._still.share.copy()
        for whole, part, weight in (
            (colours, moving.colours, self._fading[..., None]),
            (share, moving.share, self._fading),
        ):
            inside = whole[y0:y1, x0:x1]
            inside += weight * (part - inside)
        return CutOut(colours, share)


def _cut(edges: Edges, picture: UInt8Array) -> CutOut:
    seen = picture.astype(np.float32)
    share = edges.share(seen)
    return CutOut(edges.own_colours(seen, share), share)


def _body(keypoints: Float32Array) -> Float32Array:
    return sure_body(in_picture(keypoints, BODY_CELLS), is_seen(keypoints), (BODY_CELLS, BODY_CELLS))


def _placed_body(keypoints: Float32Array, surroundings: Surroundings) -> Float32Array:
    """In the whole picture, with as many cells in the square as its own has."""
    place, (width, height) = surroundings.place, surroundings.size
    scale = BODY_CELLS / min(place.width, place.height)
    across, down = (np.float32(scale * length / CANVAS_SIZE) for length in (place.width, place.height))
    points = (keypoints[:, :2] + np.float32(0.5)) * np.array([across, down], np.float32)
    points += np.array([scale * place.x - 0.5, scale * place.y - 0.5], np.float32)
    size = max(1, round(scale * height)), max(1, round(scale * width))
    return sure_body(np.asarray(points, np.float32), is_seen(keypoints), size)


def _box_of(surroundings: Surroundings) -> tuple[int, int, int, int]:
    """Pixels that lie within the square, x0, y0, x1, y1."""
    place, (width, height) = surroundings.place, surroundings.size
    x0, y0 = (int(np.ceil(max(0.0, start))) for start in (place.x, place.y))
    return x0, y0, int(min(float(width), place.x + place.width)), int(min(float(height), place.y + place.height))


def _to_cells(place: Place, corner: tuple[int, int]) -> Float32Array:
    """From pixels of a box with this corner to cells of the square, both counted from their middles: (2, 3)."""
    across, down = CELLS / place.width, CELLS / place.height
    x, y = corner[0] + 0.5 - place.x, corner[1] + 0.5 - place.y
    return np.array([[across, 0, across * x - 0.5], [0, down, down * y - 0.5]], np.float32)


def _levels(values: Float32Array) -> UInt8Array:
    return np.rint(values).clip(0, 255).astype(np.uint8)

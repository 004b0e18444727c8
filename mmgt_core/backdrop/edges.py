"""A rough matte gets the edges of the picture that it was made of, and a pixel of two colours is told apart.

Edges: the guided filter (He, Sun, Tang 2013), its coefficients found on a small picture and applied to a larger one.
Colours: the blurred colours of both sides, put right by the pixel's own (Forte, Germer 2021).
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array

_REACH, _SMOOTHNESS = 6, 1e-4
"""Cells around one, and the contrast squared (of 0 to 1) from which on an edge counts."""
_HARDLY, _ALMOST = 0.1, 0.9
"""A pixel is opaque from the second share of the person on, and clear up to the first: a filter's foot is no person."""
_COLOURS_FROM = 12
"""Cells around one from which a side's colour is taken."""


@dataclass(frozen=True)
class Edges:
    """slopes, offset: (h, w, 3), (h, w): the share of the person is their product with a pixel's colour, 0 to 1, and
    sum. person, behind: (h, w, 3) levels, both sides' colours around each cell."""

    slopes: Float32Array
    offset: Float32Array
    person: Float32Array
    behind: Float32Array

    @classmethod
    def of(cls, picture: Float32Array, share: Float32Array) -> "Edges":
        """Args: picture: (h, w, 3) levels. share: (h, w) of the person, 0 to 1, rough."""
        slopes, offset = _coefficients(picture / np.float32(255), share)
        sharp = _opacity(_dot(slopes, picture) / np.float32(255) + offset)[..., None]
        return cls(slopes, offset, _around(picture, sharp), _around(picture, 1 - sharp))

    def resized(self, width: int, height: int) -> "Edges":
        """For a picture of another size."""
        way = cv2.INTER_AREA if width < self.offset.shape[1] else cv2.INTER_LINEAR
        parts = (self.slopes, self.offset, self.person, self.behind)
        return Edges(*(np.asarray(cv2.resize(part, (width, height), interpolation=way)) for part in parts))

    def placed(self, to_cells: Float32Array, width: int, height: int) -> "Edges":
        """For a picture whose pixels a map, (2, 3), carries onto these cells."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        parts = (self.slopes, self.offset, self.person, self.behind)
        return Edges(
            *(
                np.asarray(
                    cv2.warpAffine(part, to_cells, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
                )
                for part in parts
            )
        )

    def share(self, picture: Float32Array) -> Float32Array:
        """How much of each pixel is the person: (h, w), 0 to 1. Args: picture: (h, w, 3) levels."""
        return _opacity(_dot(self.slopes, picture) / np.float32(255) + self.offset)

    def own_colours(self, picture: Float32Array, share: Float32Array) -> Float32Array:
        """The person's colours without what shines through at their edges, (h, w, 3) levels."""
        alpha = share[..., None]
        mixed = alpha * self.person + (1 - alpha) * self.behind
        return np.clip(self.person + alpha * (picture - mixed), 0, 255)


def _dot(a: Float32Array, b: Float32Array) -> Float32Array:
    return np.asarray(np.einsum("hwc,hwc->hw", a, b), np.float32)


def _opacity(share: Float32Array) -> Float32Array:
    return np.clip((share - np.float32(_HARDLY)) / np.float32(_ALMOST - _HARDLY), 0, 1)


def _around(picture: Float32Array, share: Float32Array) -> Float32Array:
    size = (2 * _COLOURS_FROM + 1,) * 2
    weight = cv2.blur(share, size)[..., None]
    return np.asarray(cv2.blur(picture * share, size) / np.maximum(weight, 1e-3), np.float32)


def _coefficients(picture: Float32Array, share: Float32Array) -> tuple[Float32Array, Float32Array]:
    """Slopes and offset of the filter, its equations (14) and (15), averaged around each cell."""
    mean, mean_share = _mean(picture), _mean(share)
    covariance = _mean(picture * share[..., None]) - mean * mean_share[..., None]
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    rr, rg, rb, gg, gb, bb = (
        _mean(picture[..., a] * picture[..., b]) - mean[..., a] * mean[..., b] + (_SMOOTHNESS if a == b else 0)
        for a, b in pairs
    )
    inverse = (gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg, rr * bb - rb * rb, rg * rb - rr * gb)
    a, b, c, d, e = inverse
    f = rr * gg - rg * rg
    red, green, blue = cv2.split(covariance)
    slopes = np.dstack([a * red + b * green + c * blue, b * red + d * green + e * blue, c * red + e * green + f * blue])
    slopes = np.asarray(slopes / (rr * a + rg * b + rb * c)[..., None], np.float32)
    offset = mean_share - _dot(slopes, mean)
    return _mean(slopes), _mean(offset)


def _mean(values: Float32Array) -> Float32Array:
    return np.asarray(cv2.blur(values, (2 * _REACH + 1,) * 2), np.float32)

"""The end of stage 2 for small networks: what they lose of the portrait is put back where a frame shows it."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

_ALIKE = 6.0
"""Levels of 255: two pictures that differ by so much agree by half."""
_HARDLY = 6.0
"""Levels of 255 up to which a change is held back; from twice as many on it passes whole."""
_BLUR_SHARE = 0.01
"""Of the side: differences are looked at over this distance, for single pixels agree by chance."""
_PATCH_PX, _PATCH_STRIDE_PX, _REFINEMENTS = 8, 2, 5


@dataclass(frozen=True)
class PortraitDetails:
    """portrait: (H, W, 3) at the video's resolution. drawn: the same as stage 2 draws it in its own pose, which shows
    what it loses: fine patterns, glasses, what hangs in the background.
    """

    portrait: UInt8Array
    drawn: UInt8Array

    def restored(self, frames: Iterator[UInt8Array]) -> Iterator[UInt8Array]:
        """Frames with the lost details, at rest where nothing moves: yields (H, W, 3) RGB.

        What is lost of the portrait is moved to where a frame shows that part of it now (dense optical flow between two
        pictures by the same networks, alike in their faults) and added as far as both agree. A pixel that hardly
        changes keeps its last colour.

        Args:
            frames: (H, W, 3) RGB, in their order.
        """
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow.setFinestScale(0)
        flow.setPatchSize(_PATCH_PX)
        flow.setPatchStride(_PATCH_STRIDE_PX)
        flow.setVariationalRefinementIterations(_REFINEMENTS)
        drawn_grey = cv2.cvtColor(self.drawn, cv2.COLOR_RGB2GRAY)
        last: Float32Array | None = None
        for frame in frames:
            offsets = flow.calc(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), drawn_grey, None)  # (H, W, 2)
            detailed = self._detailed(frame.astype(np.float32), offsets)
            last = detailed if last is None else at_rest(detailed, last)
            yield last.round().clip(0, 255).astype(np.uint8)

    def _detailed(self, frame: Float32Array, offsets: Float32Array) -> Float32Array:
        """A frame with the lost details. Args: frame: (H, W, 3). offsets: (H, W, 2), from it to the drawn portrait."""
        rows, columns = np.indices(frame.shape[:2], dtype=np.float32)
        there = columns + offsets[..., 0], rows + offsets[..., 1]
        lost = self.portrait.astype(np.float32) - self.drawn
        moved = cv2.remap(lost, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        shown = cv2.remap(self.drawn, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        alike = 1 / (1 + (_difference(frame, shown) / _ALIKE) ** 2)
        return frame + alike[..., None] * moved


def at_rest(frame: Float32Array, last: Float32Array) -> Float32Array:
    """A frame whose pixels keep their last colour where they hardly change, so that what stands still does not shimmer.

    Args:
        frame: (H, W, 3), 0 to 255.
        last: the one before it, itself at rest.
    """
    change = np.clip(_difference(frame, last) / _HARDLY - 1, 0, 1)
    return last + change[..., None] * (frame - last)


def _difference(a: Float32Array, b: UInt8Array | Float32Array) -> Float32Array:
    """Largest difference over the channels, blurred: (H, W), in levels."""
    largest = np.abs(a - b).max(axis=-1)
    return cv2.GaussianBlur(largest, (0, 0), _BLUR_SHARE * a.shape[0])

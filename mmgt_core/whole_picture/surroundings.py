"""The photograph around the rendered square, at the size of the video, and where the square lies in it."""

from dataclasses import dataclass

import cv2
import numpy as np

from mmgt_core.pose.framing import Box, SquareFrame
from mmgt_core.types import UInt8Array
from mmgt_core.whole_picture.framing import Framing, chosen_rectangle


@dataclass(frozen=True)
class Place:
    """Where the rendered square lies, in pixels of the video; it may reach beyond its picture."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Surroundings:
    """picture: what the video shows where nothing moves, (H, W, 3) uint8 RGB, H and W even; place: the square's."""

    framing: Framing
    picture: UInt8Array
    place: Place

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the video in pixels."""
        return self.picture.shape[1], self.picture.shape[0]


def size_and_place(
    image_size: tuple[int, int], square: SquareFrame, head: Box, framing: Framing, max_side_px: int
) -> tuple[tuple[int, int], Place]:
    """Width and height of the video, and where its square lies.

    Args:
        image_size: height and width of the upright photograph in pixels.
        square, head: in the upright photograph.
        framing: any but `square`.
        max_side_px: of the video's long side; a larger photograph is made smaller.
    """
    shown = chosen_rectangle(image_size, square, head, framing)
    scale = min(1.0, max_side_px / max(shown.width, shown.height))
    width, height = (2 * max(1, int(length * scale / 2)) for length in (shown.width, shown.height))
    across, down = (width / shown.width, height / shown.height) if scale < 1 else (1.0, 1.0)
    place = Place((square.x - shown.x) * across, (square.y - shown.y) * down, square.side * across, square.side * down)
    return (width, height), place


def surroundings_of(
    image: UInt8Array, square: SquareFrame, head: Box, framing: Framing, max_side_px: int
) -> Surroundings:
    """What a framing shows of a photograph: its own pixels, a last odd row or column left away, or fewer by area.

    Args: image: upright, (H, W, 3) uint8 RGB. square, head, framing, max_side_px: as `size_and_place`.
    """
    image_size = image.shape[0], image.shape[1]
    (width, height), place = size_and_place(image_size, square, head, framing, max_side_px)
    shown = chosen_rectangle(image_size, square, head, framing)
    part = image[shown.y : shown.y + shown.height, shown.x : shown.x + shown.width]
    if max(shown.width, shown.height) > max_side_px:
        part = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return Surroundings(framing, np.ascontiguousarray(part[:height, :width]), place)

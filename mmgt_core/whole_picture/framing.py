"""Which part of the photograph a video shows: the square that is rendered, all of it, or a rectangle around the person.

Every rectangle lies inside the photograph and is as large as its shape allows. What is as long as the square holds
all of it; what is shorter is placed by the head: in its middle across, and down so that it is whole, with a little air.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from mmgt_core.pose.framing import Box, SquareFrame


class Framing(StrEnum):
    """What the client may choose."""

    SQUARE = "square"
    PHOTO = "photo"
    WIDE = "16:9"
    TALL = "9:16"
    UPRIGHT = "4:5"
    EVEN = "1:1"

    @property
    def shape(self) -> Fraction | None:
        """Width to height; None where the photograph decides."""
        width, colon, height = self.value.partition(":")
        return Fraction(int(width), int(height)) if colon else None


_AIR_ABOVE = 0.4
"""Of what a head leaves of a rectangle; where it is the higher one, as much of it is cut above."""


@dataclass(frozen=True)
class Rectangle:
    """A part of the photograph, in its pixels."""

    x: int
    y: int
    width: int
    height: int


def chosen_rectangle(image_size: tuple[int, int], square: SquareFrame, head: Box, framing: Framing) -> Rectangle:
    """The part of the photograph that a framing shows.

    Args:
        image_size: height and width of the photograph in pixels.
        square: what is rendered; it may reach beyond the photograph.
        head: of the person, in pixels of the photograph.
        framing: any but `square`.
    """
    height, width = image_size
    if (shape := framing.shape) is None:
        return Rectangle(0, 0, width, height)
    if width > height * shape:
        shown_width, shown_height = round(height * shape), height
    else:
        shown_width, shown_height = width, round(width / shape)
    x0, y0, x1, y1 = head
    across = (x0 + x1) / 2 if shown_width < square.side else square.x + square.side / 2
    above = square.y + square.side / 2 - shown_height / 2
    if shown_height < square.side:
        above = max(square.y, y0 - _AIR_ABOVE * (shown_height - (y1 - y0)))
    x, y = _placed(across - shown_width / 2, shown_width, width), _placed(above, shown_height, height)
    return Rectangle(x, y, shown_width, shown_height)


def _placed(start: float, length: int, available: int) -> int:
    return min(max(round(start), 0), available - length)

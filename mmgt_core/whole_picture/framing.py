"""Which part of the photograph a video shows: the square that is rendered, all of it, or a rectangle around the person.

Every rectangle lies inside the photograph, is as large as its shape allows, and is placed by the square: what is as
long as the square holds all of it; what is shorter shows its middle across and its upper end, with the head, down.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from mmgt_core.pose.framing import SquareFrame


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


@dataclass(frozen=True)
class Rectangle:
    """A part of the photograph, in its pixels."""

    x: int
    y: int
    width: int
    height: int


def chosen_rectangle(image_size: tuple[int, int], square: SquareFrame, framing: Framing) -> Rectangle:
    """The part of the photograph that a framing shows.

    Args:
        image_size: height and width of the photograph in pixels.
        square: what is rendered; it may reach beyond the photograph.
        framing: any but `square`.
    """
    height, width = image_size
    if (shape := framing.shape) is None:
        return Rectangle(0, 0, width, height)
    if width > height * shape:
        shown_width, shown_height = round(height * shape), height
    else:
        shown_width, shown_height = width, round(width / shape)
    x = _placed(square.x + square.side / 2 - shown_width / 2, shown_width, width)
    above = square.y if shown_height < square.side else square.y + square.side / 2 - shown_height / 2
    return Rectangle(x, _placed(above, shown_height, height), shown_width, shown_height)


def _placed(start: float, length: int, available: int) -> int:
    return min(max(round(start), 0), available - length)

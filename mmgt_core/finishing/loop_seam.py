"""The seam of a video that repeats: its last frames dissolve into its first, whose pose they come to by themselves."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mmgt_core.types import RenderedFrame

_FRAMES = 8


def dissolved_into_first(frames: Iterator[RenderedFrame]) -> Iterator[RenderedFrame]:
    """The same frames, the last third of a second dissolving into the first one: equal poses are not equal pictures.

    What ends frames finds more of the portrait in its own pose than on the way back to it.
    """
    first: RenderedFrame | None = None
    held: deque[RenderedFrame] = deque()
    for frame in frames:
        first = first or frame
        held.append(frame)
        if len(held) > _FRAMES:
            yield held.popleft()
    for index, frame in enumerate(held, start=1):
        assert first is not None
        share = index / (len(held) + 1)
        mixed = frame.image + share * (first.image.astype(np.float32) - frame.image)
        yield replace(frame, image=mixed.round().astype(np.uint8))

"""Who else is given a video's frames while they are written; nothing here imports an encoder or an array library."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mmgt_core.types import UInt8Array


class FragmentWriter(Protocol):
    """What `PreviewWriter` is to those who only pass frames on."""

    @property
    def is_whole(self) -> bool:
        """True when every frame is written."""
        ...

    def write(self, frame: "UInt8Array") -> bytes:
        """Append one frame; return the fragment that is complete now, or nothing."""
        ...

    def close(self) -> None:
        """Hold nothing any more."""
        ...


class FrameReceiver(Protocol):
    """Takes frames as they come, each at once; what goes wrong with them there is not told here."""

    def begin(self, open_writer: Callable[[], FragmentWriter]) -> None:
        """Expect the frames of a video; the writer puts them and their sound together."""
        ...

    def take(self, frame: "UInt8Array") -> None:
        """Take the next frame, (H, W, 3) RGB; it is never changed afterwards."""
        ...

"""What stands between a decoded frame and a finished one: of most presets nothing, of a small one its details."""

from collections.abc import Callable, Iterator

from mmgt_core.types import UInt8Array

Frames = Iterator[UInt8Array]
"""(H, W, 3) RGB, in their order."""

Finisher = Callable[[Frames, Callable[[], Frames]], Frames]
"""From a video's frames, and its drawn poses where they are called for, to its finished frames.

Poses that are called for are kept until they are taken: call before the first frame is asked for, or not at all.
"""


def as_decoded(frames: Frames, call_for_poses: Callable[[], Frames]) -> Frames:
    """The frames themselves."""
    return frames

"""What stands between a decoded frame and a finished one: of most presets nothing, of a small one its details."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mmgt_core.keypoints import Float32Array
from mmgt_core.types import UInt8Array

Frames = Iterator[UInt8Array]
"""(H, W, 3) RGB, in their order."""


@dataclass(frozen=True)
class ShownPose:
    """The pose of a frame. picture: (H, W, 3) RGB, as stage 2 sees it. keypoints: (134, 3) on the 512 canvas."""

    picture: UInt8Array
    keypoints: Float32Array


Poses = Iterator[ShownPose]
"""In the order of their frames."""

Finisher = Callable[[Frames, Callable[[], Poses]], Frames]
"""From a video's frames, and their poses where they are called for, to its finished frames.

Poses that are called for are kept until they are taken: call before the first frame is asked for, or not at all.
"""


def as_decoded(frames: Frames, call_for_poses: Callable[[], Poses]) -> Frames:
    """The frames themselves."""
    return frames

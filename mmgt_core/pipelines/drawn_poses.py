"""The poses of a video, taken as they come; their pictures are drawn in a thread while the networks work."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from mmgt_core.finishing.finisher import ShownPose
from mmgt_core.keypoints import Float32Array
from mmgt_core.masks.pyramid import MaskPainter
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.types import PoseSequence, RenderedFrame, UInt8Array


@dataclass(frozen=True)
class PosePicture:
    """What stage 2 sees of a pose, in bytes. image: (R, R, 3) RGB. masks: of `MaskPainter`."""

    image: UInt8Array
    masks: UInt8Array


@dataclass(frozen=True)
class DrawnPose:
    """Keypoints, (134, 3), and their picture, which may be still to come."""

    keypoints: Float32Array
    picture: Future[PosePicture]


@dataclass(frozen=True)
class PoseDrawing:
    """How a video's poses are drawn. resolution: of the pictures, in pixels."""

    resolution: int
    painter: MaskPainter

    def draw(self, keypoints: Float32Array, first_keypoints: Float32Array) -> PosePicture:
        """The picture of one pose, of a video that begins with another."""
        image = scaled(draw_pose(keypoints), self.resolution)
        return PosePicture(image, self.painter.draw(keypoints, first_keypoints))


class DrawnPoses:
    """Poses of a video in their order, each drawn once and forgotten when it is passed."""

    def __init__(self, poses: Iterator[PoseSequence], drawing: PoseDrawing, drawer: Executor) -> None:
        """Args: poses: in parts, of which no more are taken than are needed. drawer: where pictures are drawn."""
        self.drawing = drawing
        self._keypoints = (keypoints for part in poses for keypoints in part.keypoints)
        self._drawer = drawer
        self._held: dict[int, DrawnPose] = {}
        self._first: Float32Array | None = None
        self._num_taken = 0

    def take(self, frames: range) -> list[DrawnPose]:
        """The poses of some frames, which never lie before those of an earlier call.

        Raises:
            ValueError: there are fewer poses than frames.
        """
        self._held = {frame: drawn for frame, drawn in self._held.items() if frame >= frames.start}
        while self._num_taken < frames.stop:
            keypoints = next(self._keypoints, None)
            if keypoints is None:
                raise ValueError(f"{self._num_taken} poses for a video of at least {frames.stop} frames")
            if self._first is None:
                self._first = keypoints
            picture = self._drawer.submit(self.drawing.draw, keypoints, self._first)
            self._held[self._num_taken] = DrawnPose(keypoints, picture)
            self._num_taken += 1
        return [self._held[frame] for frame in frames]


@contextmanager
def drawn_poses(poses: Iterator[PoseSequence], drawing: PoseDrawing) -> Iterator[DrawnPoses]:
    """Poses that a thread of their own draws for as long as the block runs."""
    drawer = ThreadPoolExecutor(1, "drawing")
    try:
        yield DrawnPoses(poses, drawing, drawer)
    finally:
        drawer.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class PosedLatents:
    """Clean latents, (1, C, F, h, w), and the poses of their frames."""

    latents: torch.Tensor
    poses: Sequence[DrawnPose]


class PassingPoses:
    """Latents on their way to frames; what is known of their poses waits at the side until the frames are done."""

    def __init__(self, stretches: Iterator[PosedLatents]) -> None:
        self._stretches = stretches
        self._finished: deque[DrawnPose] = deque()
        self._waiting = [self._finished]

    def latents(self) -> Iterator[torch.Tensor]:
        """The latents, stretch after stretch."""
        for stretch in self._stretches:
            for queue in self._waiting:
                queue.extend(stretch.poses)
            yield stretch.latents

    def poses(self) -> Iterator[ShownPose]:
        """The pose of each frame; call it before the first latents, take a pose after its frame."""
        queue: deque[DrawnPose] = deque()
        self._waiting.append(queue)
        return (ShownPose(pose.picture.result().image, pose.keypoints) for pose in _emptied(queue))

    def with_keypoints(self, frames: Iterator[UInt8Array]) -> Iterator[RenderedFrame]:
        """Frames that are made of the latents, with their poses."""
        poses = _emptied(self._finished)
        return (RenderedFrame(image, pose.keypoints) for image, pose in zip(frames, poses, strict=True))


def _emptied(queue: deque[DrawnPose]) -> Iterator[DrawnPose]:
    while queue:
        yield queue.popleft()

"""The end of stage 2 for small networks: what they lose of the portrait is put back where a frame shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from einops import rearrange

from mmgt_core.ahead import done_ahead, grouped
from mmgt_core.finishing.detail_network import DetailNetwork
from mmgt_core.finishing.finisher import ShownPose
from mmgt_core.finishing.stillness import calmed
from mmgt_core.keypoints import Float32Array
from mmgt_core.puppet.puppet import Puppet
from mmgt_core.types import UInt8Array

_TOGETHER, _AHEAD, _THREADS = 4, 2, 2
"""So many frames are ended in one call, and so many calls are made while the next frames are decoded."""
_MOST_OFF = 30.0
"""Levels of 255, root mean square, that stage 2's drawing of the portrait in its own pose may be off: presenters, and
pictures of nobody that look as photographs do, are by 7 to 24, photographs of people by 37 to 63."""
_PATCH_PX, _PATCH_STRIDE_PX, _REFINEMENTS = 8, 2, 5


@dataclass(frozen=True)
class PortraitDetails:
    """A portrait and how stage 2 draws it in its own pose, which shows what it loses: fine patterns, glasses, …

    network: that ends frames. portrait, drawn, own_pose: (H, W, 3) RGB at the video's resolution. puppet: the portrait
    taken apart, for a network that sees bones.
    """

    network: DetailNetwork
    portrait: UInt8Array
    drawn: UInt8Array
    own_pose: UInt8Array
    puppet: Puppet | None = None

    @property
    def is_drawing_believed(self) -> bool:
        """Whether stage 2 can draw the portrait itself; whom it cannot is moved along the bones, if there are any."""
        return float(np.square(self.drawn.astype(np.float32) - self.portrait).mean()) <= _MOST_OFF**2

    def restored(self, frames: Iterator[UInt8Array], poses: Iterator[ShownPose]) -> Iterator[UInt8Array]:
        """Frames with the lost details, at rest where nothing moves, or the moved portrait: yields (H, W, 3) RGB.

        Args:
            frames: (H, W, 3) RGB, in their order.
            poses: those that they were drawn by.
        """
        if self.puppet is not None and not self.is_drawing_believed:
            return (self.puppet.moved(pose.keypoints) for _, pose in zip(frames, poses, strict=True))
        finished = done_ahead(self._finished, grouped(zip(frames, poses, strict=True), _TOGETHER), _AHEAD, _THREADS)
        return calmed(frame for together in finished for frame in together)

    @torch.inference_mode()
    def _finished(self, shown: Sequence[tuple[UInt8Array, ShownPose]]) -> Float32Array:
        """Frames, each with its pose, as the network ends them: (B, H, W, 3), 0 to 255 and a little beyond."""
        parameter = self.network.out.weight
        evidence = as_evidence(np.stack([self._seen(frame, pose) for frame, pose in shown]))
        finished = self.network(evidence.to(parameter.device, parameter.dtype)).float()
        return np.asarray(rearrange(finished, "b c h w -> b h w c").cpu().numpy() * 127.5 + 127.5)

    def _seen(self, frame: UInt8Array, pose: ShownPose) -> UInt8Array:
        """What the network sees of one frame, (E, H, W, 3), in the order of `evidence_of`."""
        moved_portrait, moved_drawn = moved(frame, self.drawn, (self.portrait, self.drawn))
        seen = [frame, moved_portrait, moved_drawn, self.portrait, self.drawn, pose.picture, self.own_pose]
        if self.puppet is not None:
            seen += [self.puppet.moved(pose.keypoints), self.puppet.plate]
        return np.stack(seen)


def moved(frame: UInt8Array, drawn: UInt8Array, pictures: Sequence[UInt8Array]) -> list[UInt8Array]:
    """Pictures in the pose of `drawn`, moved to where a frame shows the same, (H, W, 3) each, by dense optical flow.

    frame and drawn are by the same networks, alike in their faults, so that a difference means that something moved.
    """
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    flow.setPatchSize(_PATCH_PX)
    flow.setPatchStride(_PATCH_STRIDE_PX)
    flow.setVariationalRefinementIterations(_REFINEMENTS)
    here, own = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (frame, drawn))
    offsets = flow.calc(here, own, None)  # (H, W, 2)
    rows, columns = np.indices(frame.shape[:2], dtype=np.float32)
    there = columns + offsets[..., 0], rows + offsets[..., 1]
    return [
        np.asarray(cv2.remap(picture, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)
        for picture in pictures
    ]


def as_evidence(pictures: UInt8Array | torch.Tensor) -> torch.Tensor:
    """What `DetailNetwork` sees: (B, E, H, W, 3) uint8 to (B, E, 3, H, W) in [-1, 1]."""
    return rearrange(torch.as_tensor(pictures), "b e h w c -> b e c h w").float() / 127.5 - 1

"""Conditions of stage 2's windows: once for each frame, before its stretch is denoised, whatever windows see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mmgt_core.masks.pyramid import MaskPainter
from mmgt_core.pipelines.drawn_poses import DrawnPose
from mmgt_core.pipelines.pictures import pose_pixels
from mmgt_core.pipelines.windows import Window
from mmgt_core.types import RegionWeights, UInt8Array, WindowConditions
from mmgt_core.unet.audio_projection import AudioProjection
from mmgt_core.unet.conditions import PreparedWindow, joined_windows
from mmgt_core.unet.denoising_unet import DenoisingUNet
from mmgt_core.unet.pose_guider import PoseGuider

_FRAMES_TOGETHER = 12
"""As many as a window of the usual length."""


@dataclass(frozen=True)
class ConditionNetworks:
    """What makes conditions of drawn poses and speech, on one device, in one dtype."""

    pose_guider: PoseGuider
    audio_projection: AudioProjection
    denoising_unet: DenoisingUNet
    region_weights: RegionWeights
    painter: MaskPainter

    @torch.inference_mode()
    def of_windows(
        self, windows: Sequence[Window], drawn: Sequence[DrawnPose], speech: torch.Tensor, check: Callable[[], None]
    ) -> dict[Window, PreparedWindow]:
        """The conditions of every window of a stretch.

        Args:
            windows: in indices from the stretch's first frame on.
            drawn: the stretch's poses.
            speech: features of its frames, (F, A, layers, D).
            check: called now and then; may raise to stop.
        """
        blocks = []
        for first in range(0, len(drawn), _FRAMES_TOGETHER):
            check()
            block = slice(first, first + _FRAMES_TOGETHER)
            blocks.append(self.of_frames(drawn[block], speech[block]))
        stretch = joined_windows(blocks)
        return {window: stretch.of_frames(window) for window in windows}

    def of_frames(self, drawn: Sequence[DrawnPose], speech: torch.Tensor) -> PreparedWindow:
        """The conditions of some frames; waits for their pictures. Args: speech: (F, A, layers, D)."""
        parameter = self.pose_guider.conv_in.weight
        device, dtype = parameter.device, parameter.dtype
        pictures = [pose.picture.result() for pose in drawn]
        images = on_device([picture.image for picture in pictures], device)  # (F, R, R, 3)
        masks = on_device([picture.masks for picture in pictures], device)  # (F, regions, N of all levels)
        conditions = WindowConditions(
            pose_features=self.pose_guider(pose_pixels(images).to(dtype)),
            audio_tokens=self.audio_projection(speech.unsqueeze(0).to(device, dtype)),
            motion_masks=self.painter.pyramids(masks).to(device, dtype),
        )
        return self.denoising_unet.prepare_window(conditions, self.region_weights)


def on_device(parts: Sequence[UInt8Array], device: torch.device) -> torch.Tensor:
    """Bytes of some frames, stacked, on a device; the copy to a GPU holds nobody up."""
    stacked = torch.from_numpy(np.stack(parts))
    return stacked.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else stacked.to(device)

"""From binary masks to what MM-HAA multiplies with: blurred, stretched, at the UNet's four resolutions (spec §5)."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image

from mmgt_core.keypoints import Float32Array
from mmgt_core.masks.regions import face_hands_mask, hands_mask, lips_mask, region_boxes
from mmgt_core.types import BackgroundMask, MaskMotion, MaskPyramid, MotionMasks, PoseSequence, UInt8Array

_BLUR_SIDE = 64
FACE_HANDS_KERNEL = 31
LIPS_KERNEL = 21
HANDS_KERNEL = 21


@dataclass(frozen=True)
class MaskPainter:
    """Draws the motion masks of single frames as bytes, and makes of many of them what MM-HAA multiplies with.

    level_sizes: side of each pyramid level, finest first. background: which definition of the third mask (spec §12).
    motion: `moving` follows the poses, `still` the first pose; `none` is 1 everywhere in every region.

    Source: paper Algorithm 1, §III-C; spec §5.
    """

    level_sizes: tuple[int, ...]
    background: BackgroundMask
    motion: MaskMotion

    def draw(self, keypoints: Float32Array, first_keypoints: Float32Array) -> UInt8Array:
        """A frame's masks, (regions, N of all levels) uint8: face and hands, lips, and hands where they are asked for.

        Args:
            keypoints: (134, 3), of the frame.
            first_keypoints: of the video's first frame, where `still` masks stay.
        """
        if self.motion is MaskMotion.NONE:
            return np.zeros((0, 0), np.uint8)
        boxes = region_boxes(first_keypoints if self.motion is MaskMotion.STILL else keypoints)
        masks = [blurred(face_hands_mask(boxes), FACE_HANDS_KERNEL), blurred(lips_mask(boxes), LIPS_KERNEL)]
        if self.background is BackgroundMask.HANDS:
            masks.append(blurred(hands_mask(boxes), HANDS_KERNEL))
        return np.stack([self._levels(Image.fromarray(mask)) for mask in masks])

    def pyramids(self, drawn: torch.Tensor) -> MotionMasks:
        """The three regions of F frames, float32, where the bytes are. Args: drawn: (F, regions, N of all levels)."""
        if self.motion is MaskMotion.NONE:
            everywhere = tuple(torch.ones(len(drawn), side * side, device=drawn.device) for side in self.level_sizes)
            return MotionMasks(everywhere, everywhere, everywhere)
        face_hands, lips, *hands = (self._pyramid(drawn[:, region]) for region in range(drawn.shape[1]))
        if self.background is BackgroundMask.ONE_PLUS_LIPS:
            third = tuple(1 + level for level in lips)
        elif self.background is BackgroundMask.HANDS:
            (third,) = hands
        else:
            third = tuple(1 - level for level in face_hands)
        return MotionMasks(third, face_hands, lips)

    def _levels(self, mask: Image.Image) -> UInt8Array:
        """One mask at every resolution, one after the other: (N of all levels,)."""
        resized = [mask.resize((side, side), Image.Resampling.BILINEAR) for side in self.level_sizes]
        return np.concatenate([np.asarray(level).ravel() for level in resized])

    def _pyramid(self, drawn: torch.Tensor) -> MaskPyramid:
        """(F, N of all levels) bytes to levels of (F, side²) in [0, 1], in steps of 1/255."""
        levels = drawn.split([side * side for side in self.level_sizes], dim=1)
        return tuple(level.contiguous().float() / 255.0 for level in levels)


def motion_masks(
    poses: PoseSequence,
    first_pose: PoseSequence,
    level_sizes: tuple[int, ...],
    background: BackgroundMask,
    motion: MaskMotion,
) -> MotionMasks:
    """The three regions of some frames as mask pyramids, each level (F, side²) float32; `MaskPainter` says the rest.

    Args:
        poses: of the frames.
        first_pose: one frame, the video's first.
    """
    painter = MaskPainter(level_sizes, background, motion)
    drawn = [painter.draw(keypoints, first_pose.keypoints[0]) for keypoints in poses.keypoints]
    return painter.pyramids(torch.from_numpy(np.stack(drawn)))


def blurred(mask: UInt8Array, kernel: int) -> UInt8Array:
    """Shrink to 64x64, blur, stretch the frame to 0..255: (512, 512) to (64, 64) uint8; an empty mask stays empty."""
    small = cv2.resize(mask, (_BLUR_SIDE, _BLUR_SIDE), interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(small, (kernel, kernel), 0)
    return np.asarray(cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX), np.uint8) if soft.any() else soft

"""From binary masks to what MM-HAA multiplies with: blurred, stretched, at the UNet's four resolutions (spec §5)."""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from PIL import Image

from mmgt_core.masks.regions import RegionBoxes, face_hands_mask, hands_mask, lips_mask, region_boxes
from mmgt_core.types import BackgroundMask, MaskMotion, MaskPyramid, MotionMasks, PoseSequence, UInt8Array

_BLUR_SIDE = 64
FACE_HANDS_KERNEL = 31
LIPS_KERNEL = 21
HANDS_KERNEL = 21


def motion_masks(
    poses: PoseSequence,
    first_pose: PoseSequence,
    level_sizes: tuple[int, ...],
    background: BackgroundMask,
    motion: MaskMotion,
) -> MotionMasks:
    """The three regions of some frames as mask pyramids.

    Args:
        poses: of the frames.
        first_pose: one frame, the video's first: where `still` masks stay.
        level_sizes: side of each pyramid level, finest first; levels are (F, side²) float32.
        background: which definition of the third mask (spec §12).
        motion: `moving` follows the poses, `still` the first pose; `none` is 1 everywhere in every region.

    Source: paper Algorithm 1, §III-C; spec §5.
    """
    if motion is MaskMotion.NONE:
        everywhere = tuple(torch.ones(len(poses), side * side) for side in level_sizes)
        return MotionMasks(everywhere, everywhere, everywhere)
    sources = first_pose if motion is MaskMotion.STILL else poses
    boxes = [region_boxes(keypoints) for keypoints in sources.keypoints]
    boxes = boxes * (len(poses) // len(boxes))
    face_hands = _pyramid(boxes, face_hands_mask, FACE_HANDS_KERNEL, level_sizes)
    lips = _pyramid(boxes, lips_mask, LIPS_KERNEL, level_sizes)
    if background is BackgroundMask.ONE_PLUS_LIPS:
        third = tuple(1 + level for level in lips)
    elif background is BackgroundMask.HANDS:
        third = _pyramid(boxes, hands_mask, HANDS_KERNEL, level_sizes)
    else:
        third = tuple(1 - level for level in face_hands)
    return MotionMasks(third, face_hands, lips)


def blurred(mask: UInt8Array, kernel: int) -> UInt8Array:
    """Shrink to 64x64, blur, stretch the frame to 0..255: (512, 512) to (64, 64) uint8; an empty mask stays empty."""
    small = cv2.resize(mask, (_BLUR_SIDE, _BLUR_SIDE), interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(small, (kernel, kernel), 0)
    return np.asarray(cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX), np.uint8) if soft.any() else soft


def _pyramid(
    boxes: list[RegionBoxes], draw: Callable[[RegionBoxes], UInt8Array], kernel: int, level_sizes: tuple[int, ...]
) -> MaskPyramid:
    images = [Image.fromarray(blurred(draw(frame), kernel)) for frame in boxes]
    return tuple(torch.stack([_level(image, side) for image in images]) for side in level_sizes)


def _level(image: Image.Image, side: int) -> torch.Tensor:
    """One frame at one resolution, (side²,) in [0, 1], in steps of 1/255."""
    resized = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
    return torch.from_numpy(resized.copy()).flatten().float() / 255.0

"""Motion masks of stage 2's data in bytes: packed when data are made, unpacked for the networks and the loss."""

import torch
from einops import rearrange

from mmgt_core.masks.pyramid import motion_masks
from mmgt_core.types import BackgroundMask, MaskMotion, MaskPyramid, MotionMasks, PoseSequence, UInt8Array

HANDS, FACE_HANDS, LIPS = range(3)
"""Order of the packed masks' regions."""


def packed_masks(poses: PoseSequence, level_sizes: tuple[int, ...]) -> UInt8Array:
    """Hands, face_hands and lips of some frames, (F, 3, N) uint8, pyramid levels side by side, finest first."""
    masks = motion_masks(poses, PoseSequence(poses.keypoints[:1]), level_sizes, BackgroundMask.HANDS, MaskMotion.MOVING)
    regions = torch.stack([torch.cat(region, dim=1) for region in masks.regions], dim=1)  # (F, 3, N)
    return (regions * 255).round().to(torch.uint8).numpy()


def unpacked_masks(
    packed: torch.Tensor,
    level_sizes: tuple[int, ...],
    background: BackgroundMask,
    motion: MaskMotion,
    kept: torch.Tensor | None = None,
) -> MotionMasks:
    """Motion masks of a batch out of a dataset's bytes; rows that lose them see 1 everywhere, as with `none`.

    Args:
        packed: (B, F, 3, N) uint8: hands, face_hands, lips; levels side by side.
        level_sizes: sides of the levels, finest first.
        background: which definition of the third mask.
        motion: `still` holds each row's first frame.
        kept: (B,) bool; None keeps all.
    """
    values = packed.float() / 255
    if motion is MaskMotion.STILL:
        values = values[:, :1].expand(-1, packed.shape[1], -1, -1)
    face_hands, lips = values[:, :, FACE_HANDS], values[:, :, LIPS]  # (B, F, N)
    third = {
        BackgroundMask.HANDS: values[:, :, HANDS],
        BackgroundMask.ONE_PLUS_LIPS: 1 + lips,
        BackgroundMask.COMPLEMENT: 1 - face_hands,
    }[background]
    is_seen = torch.full((len(packed),), motion is not MaskMotion.NONE, device=packed.device)
    if kept is not None:
        is_seen = is_seen & kept

    def pyramid(region: torch.Tensor) -> MaskPyramid:
        seen = torch.where(is_seen[:, None, None], region, torch.ones_like(region))
        return tuple(seen.flatten(0, 1).split([side * side for side in level_sizes], dim=1))

    return MotionMasks(pyramid(third), pyramid(face_hands), pyramid(lips))


def weights_of_places(
    packed_masks: torch.Tensor, size: int, face_hands_weight: float, lips_weight: float
) -> torch.Tensor:
    """1, and more in the masks, then brought to mean 1 in each frame: (B, F, 3, N) uint8 to (B, 1, F, h, w)."""
    finest = packed_masks[..., : size * size].float() / 255  # (B, F, 3, h w)
    weights = 1 + face_hands_weight * finest[:, :, FACE_HANDS] + lips_weight * finest[:, :, LIPS]
    weights = weights / weights.mean(dim=-1, keepdim=True)
    return rearrange(weights, "b f (h w) -> b 1 f h w", h=size)

"""How like one rendering of a presenter is to another: the whole frame, lips and hands, and how it flickers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.masks.regions import hands_mask, lips_mask, region_boxes
from mmgt_core.metrics.image import EQUAL_DB
from mmgt_core.metrics.regions import resize_frame
from mmgt_core.types import PoseSequence, UInt8Array

Places = npt.NDArray[np.bool_]

_SSIM_MARGIN_PX = 5
"""Half of SSIM's window: nearer to the frame's edge it would see mirrored pixels."""


@dataclass(frozen=True)
class Likeness:
    """PSNR in dB of the mean squared error of a clip's pixels, and mean SSIM: whole frames, lips' and hands' boxes."""

    psnr: float
    psnr_lips: float
    psnr_hands: float
    ssim: float
    ssim_lips: float
    ssim_hands: float


def likeness(frames: UInt8Array, other: UInt8Array, poses: PoseSequence) -> Likeness:
    """Compare two renderings of the same poses, (F, H, W, 3) each."""
    side = frames.shape[1]
    everywhere = np.ones(frames.shape[:3], np.bool_)
    places = (everywhere, *boxes_of(poses, side))
    errors = np.square(frames.astype(np.float32) - other.astype(np.float32)).mean(-1)  # (F, H, W)
    structure = _structure(frames, other)
    inner = np.zeros_like(everywhere)
    inner[:, _SSIM_MARGIN_PX:-_SSIM_MARGIN_PX, _SSIM_MARGIN_PX:-_SSIM_MARGIN_PX] = True
    psnr = [_psnr(errors[where]) for where in places]
    ssim = [float(structure[where & inner].mean()) for where in places]
    return Likeness(*psnr, *ssim)


def boxes_of(poses: PoseSequence, side: int) -> tuple[Places, Places]:
    """Where lips and hands are by the poses' own boxes, in frames of `side` pixels: (F, H, W) each."""
    boxes = [region_boxes(keypoints) for keypoints in poses.keypoints]
    lips, hands = ([draw(each) for each in boxes] for draw in (lips_mask, hands_mask))
    return _shrunk(lips, side), _shrunk(hands, side)


def _shrunk(masks: list[UInt8Array], side: int) -> Places:
    assert masks[0].shape == (CANVAS_SIZE, CANVAS_SIZE)
    return np.stack([resize_frame(mask, side) > 0 for mask in masks])


def _psnr(errors: npt.NDArray[np.float32]) -> float:
    mean = float(errors.mean())
    return EQUAL_DB if mean == 0 else min(EQUAL_DB, 10 * np.log10(255**2 / mean))


def _structure(frames: UInt8Array, other: UInt8Array) -> npt.NDArray[np.float32]:
    """SSIM around each pixel, (F, H, W)."""
    pair = (torch.from_numpy(each).permute(0, 3, 1, 2).float() / 255 for each in (frames, other))
    _, full = structural_similarity_index_measure(*pair, data_range=1.0, reduction="none", return_full_image=True)
    return np.asarray(full.mean(1).numpy(), np.float32)

"""How like one rendering of a presenter is to another: the whole frame, lips and hands, and how it flickers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.masks.regions import hands_mask, lips_mask, region_boxes
from mmgt_core.metrics.image import EQUAL_DB, SSIM_MARGIN_PX, structure
from mmgt_core.metrics.regions import resize_frame
from mmgt_core.types import PoseSequence, UInt8Array

Places = npt.NDArray[np.bool_]


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
    similar = structure(frames, other)
    inner = np.zeros_like(everywhere)
    inner[:, SSIM_MARGIN_PX:-SSIM_MARGIN_PX, SSIM_MARGIN_PX:-SSIM_MARGIN_PX] = True
    psnr = [_psnr(errors[where]) for where in places]
    ssim = [float(similar[where & inner].mean()) for where in places]
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

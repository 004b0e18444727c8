"""Arms, hands and eyes of a drawn presenter in frames: where frames that do not hold together fail first."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mmgt_core.keypoints import CANVAS_SIZE, LEFT_HAND, RIGHT_HAND, Float32Array
from mmgt_core.masks.regions import VISIBLE
from mmgt_core.metrics.regions import resize_frame
from mmgt_core.pose.eyelids import EYES, SHUT, eye_opening, usual_opening
from mmgt_core.pose.face_motion import moved_along
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.types import UInt8Array

_RIGHT_WRIST, _LEFT_WRIST = 4, 7
FOREARMS = ((3, _RIGHT_WRIST), (6, _LEFT_WRIST))
HANDS = (tuple(range(RIGHT_HAND.start, RIGHT_HAND.stop)), tuple(range(LEFT_HAND.start, LEFT_HAND.stop)))
_EYES = tuple(tuple(range(eye.start, eye.stop)) for eye in EYES)
_WRISTS_AND_ROOTS = ((_RIGHT_WRIST, RIGHT_HAND.start), (_LEFT_WRIST, LEFT_HAND.start))
_LIMB_MARGIN_PX, _EYE_MARGIN_PX = 12, 4
"""Around keypoints, on the canvas: an arm is thicker than its bone."""
_MOST_DB = 100.0
_FIND_STRIDE = 20

Parts = tuple[tuple[int, ...], ...]
Find = Callable[[UInt8Array], Float32Array | None]
Mask = npt.NDArray[np.bool_]


def limb_numbers(clip: SyntheticClip, driven: UInt8Array, still: UInt8Array, truth: UInt8Array) -> dict[str, float]:
    """Forearms and hands beside a portrait that stands still, and what stays of it where its arms lay.

    forearm_psnr_driven, forearm_psnr_still, hand_psnr_driven, hand_psnr_still: dB over all pixels in their boxes.
    residue_driven, residue_still: mean departure from the truth, levels of 255, in the boxes of the portrait's own
    forearms and hands, without those of the frame's; absent where its arms never leave.

    Args:
        clip: whose poses the frames follow.
        driven: (F, H, W, 3) RGB, square.
        still: the portrait repeated, of the same shape.
        truth: of the same shape.
    """
    poses, side = clip.pose_sequence.keypoints, truth.shape[1]
    numbers = {}
    for name, parts in (("forearm", FOREARMS), ("hand", HANDS)):
        inside = np.stack([boxes(pose, parts, side, _LIMB_MARGIN_PX) for pose in poses])  # (F, H, W)
        numbers[f"{name}_psnr_driven"] = _psnr(driven, truth, inside)
        numbers[f"{name}_psnr_still"] = _psnr(still, truth, inside)
    arms = np.stack([boxes(pose, FOREARMS + HANDS, side, _LIMB_MARGIN_PX) for pose in poses])
    left = arms[clip.reference_frame] & ~arms
    if left.any():
        for name, frames in (("driven", driven), ("still", still)):
            numbers[f"residue_{name}"] = float(np.abs(frames.astype(np.int16) - truth)[left].mean())
    return numbers


def blink_numbers(clip: SyntheticClip, driven: UInt8Array, truth: UInt8Array) -> dict[str, float]:
    """blink_recall: share of the frames with shut eyes that show them so; absent where nobody is seen to blink.

    A frame's eyes are then nearer to the truth's than to those of the same drawing with the portrait's open eyes. Args:
    as of `limb_numbers`.
    """
    poses, side = clip.pose_sequence.keypoints, truth.shape[1]
    own = poses[clip.reference_frame]
    shut = np.flatnonzero(eye_opening(poses) < SHUT * (usual_opening(own) or 0.0))
    if not len(shut):
        return {}
    awake = np.stack([_with_eyes_of(own, pose) for pose in poses[shut]])
    seen = []
    for frame, pose, open_eyed in zip(shut, awake, draw_presenter(clip.identity, awake, side), strict=True):
        eyes = boxes(pose, _EYES, side, _EYE_MARGIN_PX)
        way = (truth[frame].astype(np.float64) - open_eyed)[eyes].ravel()
        gone = (driven[frame].astype(np.float64) - open_eyed)[eyes].ravel()
        if way.any():
            seen.append(float(gone @ way) > 0.5 * float(way @ way))
    return {"blink_recall": float(np.mean(seen))} if seen else {}


def hand_numbers(driven: UInt8Array, truth: UInt8Array, find: Find) -> dict[str, float]:
    """hand_apart_driven, hand_apart_truth: from the wrist to the hand's root, as a detector finds both, in % of the
    figure's height, mean over hands and every twentieth frame; absent where it finds nobody.

    Args:
        driven, truth: as of `limb_numbers`.
        find: keypoints of a picture of the canvas' size, or None.
    """
    return {
        f"hand_apart_{name}": float(np.mean(gaps))
        for name, frames in (("driven", driven), ("truth", truth))
        if (gaps := [gap for frame in frames[::_FIND_STRIDE] for gap in _gaps(find(resize_frame(frame, CANVAS_SIZE)))])
    }


def boxes(pose: Float32Array, parts: Parts, side: int, margin_px: float) -> Mask:
    """Whether pixels lie in a box around one of the parts, (side, side). Args: margin_px: on the canvas."""
    is_inside = np.zeros((side, side), bool)
    for part in parts:
        points = pose[list(part), :2]
        low, high = points.min(axis=0) - margin_px, points.max(axis=0) + margin_px
        (x0, y0), (x1, y1) = (np.clip(corner * side / CANVAS_SIZE, 0, side).astype(int) for corner in (low, high))
        is_inside[y0:y1, x0:x1] = True
    return is_inside


def _psnr(frames: UInt8Array, truth: UInt8Array, inside: Mask) -> float:
    error = float(np.square(frames.astype(np.float64) - truth)[inside].mean()) if inside.any() else 0.0
    return min(_MOST_DB, 10 * np.log10(255**2 / error)) if error else _MOST_DB


def _with_eyes_of(own: Float32Array, pose: Float32Array) -> Float32Array:
    """A pose with the eyes of another, laid on its face."""
    opened = pose.copy()
    for eye in EYES:
        opened[eye, :2] = moved_along(own, pose, eye)
    return opened


def _gaps(found: Float32Array | None) -> list[float]:
    if found is None:
        return []
    height = float(np.ptp(found[found[:, 2] >= VISIBLE, 1]))
    pairs = [(wrist, root) for wrist, root in _WRISTS_AND_ROOTS if found[[wrist, root], 2].min() >= VISIBLE]
    return [100 * float(np.linalg.norm(found[wrist, :2] - found[root, :2])) / height for wrist, root in pairs]

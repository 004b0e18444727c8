"""Algorithm 1 and the drawn poses."""

from collections.abc import Iterator
from zipfile import BadZipFile

import numpy as np
import torch

from mmgt_core.keypoints import NUM_KEYPOINT_VALUES, NUM_KEYPOINTS, denormalise, normalise, without_legs
from mmgt_core.masks.pyramid import FACE_HANDS_KERNEL, LIPS_KERNEL, blurred, motion_masks
from mmgt_core.masks.regions import Box, face_hands_mask, hands_mask, lips_mask, region_boxes
from mmgt_core.parity.case import GoldenCase, GoldenError, Produced
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.types import BackgroundMask, MaskMotion, PoseSequence

_LEVEL_SIZES = (64, 32, 16, 8)
_FRAMES_FILE = "masks_frames.npz"


def run_masks(case: GoldenCase) -> Iterator[Produced]:
    """Boxes, blur, pyramids and, against the file of frames, every drawn pixel."""
    pixels = case["in/keypoints_px"].numpy().reshape(-1, NUM_KEYPOINTS, 3)
    recorded_normalised = case["in/keypoints_norm"].numpy()
    if np.abs(normalise(pixels).astype(np.float32) - recorded_normalised).max() > 1e-6:
        raise GoldenError("in/keypoints_norm is not the normalised in/keypoints_px")
    keypoints = denormalise(recorded_normalised)
    yield "mid/denorm", keypoints.reshape(-1, NUM_KEYPOINT_VALUES)
    legless = without_legs(recorded_normalised.reshape(-1, NUM_KEYPOINTS, 3))
    yield "mid/mask_leg_norm", legless.reshape(-1, NUM_KEYPOINT_VALUES)

    keypoints = without_legs(keypoints)
    boxes = [region_boxes(frame) for frame in keypoints]
    corners = [
        [_corners(box) for box in (frame.face, frame.lips, frame.left_hand, frame.right_hand)] for frame in boxes
    ]
    yield "out/boxes_face_lips_hand92_hand113_xyxy", torch.tensor(corners)
    face, lips = [face_hands_mask(frame) for frame in boxes], [lips_mask(frame) for frame in boxes]
    hands = [hands_mask(frame) for frame in boxes]
    yield "mid/face_blur64_uint8", np.stack([blurred(mask, FACE_HANDS_KERNEL) for mask in face])
    yield "mid/lips_blur64_uint8", np.stack([blurred(mask, LIPS_KERNEL) for mask in lips])

    poses = PoseSequence(keypoints)
    masks = motion_masks(
        poses, PoseSequence(keypoints[:1]), _LEVEL_SIZES, BackgroundMask.ONE_PLUS_LIPS, MaskMotion.MOVING
    )
    for name, region in zip(("full", "face", "lip"), masks.regions, strict=True):
        for level, values in enumerate(region):
            yield f"out/{name}_mask_{level}", values

    drawn = np.stack([draw_pose(frame) for frame in keypoints])
    _require_equal_frames(
        case,
        {
            "pose_rgb_as_stored": drawn,
            "face_mask": np.stack(face),
            "lip_mask": np.stack(lips),
            "hand_mask": np.stack(hands),
        },
    )


def _corners(box: Box | None) -> list[int]:
    return [-1] * 4 if box is None else [box.x0, box.y0, box.x1, box.y1]


def _require_equal_frames(case: GoldenCase, produced: dict[str, np.ndarray]) -> None:
    """Raises: GoldenError: the file of frames is absent or unreadable, or a pixel differs; says in which frames."""
    path = case.folder / _FRAMES_FILE
    try:
        with np.load(path, allow_pickle=False) as recorded:
            frames = {name: recorded[name] for name in recorded.files}
    except (OSError, ValueError, BadZipFile, EOFError) as error:
        raise GoldenError(f"{_FRAMES_FILE} cannot be read: {error}") from error
    if frames.keys() != produced.keys():
        raise GoldenError(f"{_FRAMES_FILE} holds {', '.join(sorted(frames))}, not {', '.join(sorted(produced))}")
    for name, expected in frames.items():
        if expected.shape != produced[name].shape:
            raise GoldenError(f"{_FRAMES_FILE} {name} has shape {expected.shape}, not {produced[name].shape}")
        wrong = np.flatnonzero((expected != produced[name]).reshape(len(expected), -1).any(axis=1))
        if len(wrong):
            raise GoldenError(f"{_FRAMES_FILE} {name}: drawn pixels differ in frames {wrong.tolist()}")

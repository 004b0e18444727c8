"""Likeness of two renderings: region by region, and at the frame's edge not by mirrored pixels."""

import numpy as np
import pytest

from mmgt_core.bench.likeness import boxes_of, likeness
from mmgt_core.keypoints import LEFT_HAND, LIPS, NUM_KEYPOINTS
from mmgt_core.metrics.image import EQUAL_DB
from mmgt_core.types import PoseSequence, UInt8Array

SIDE, NUM_FRAMES = 128, 3


@pytest.fixture
def poses() -> PoseSequence:
    """Lips about the middle of the 512 canvas, a hand at its left."""
    keypoints = np.zeros((NUM_FRAMES, NUM_KEYPOINTS, 3), np.float32)
    for part, (x, y) in ((LIPS, (256, 200)), (LEFT_HAND, (80, 300))):
        count = part.stop - part.start
        keypoints[:, part, 0] = x + np.linspace(-24, 24, count)
        keypoints[:, part, 1] = y + np.linspace(-16, 16, count)
        keypoints[:, part, 2] = 1
    return PoseSequence(keypoints)


@pytest.fixture
def frames() -> UInt8Array:
    return np.random.default_rng(0).integers(0, 200, (NUM_FRAMES, SIDE, SIDE, 3), np.uint8)


def test_equal_renderings_are_as_like_as_can_be(frames: UInt8Array, poses: PoseSequence) -> None:
    found = likeness(frames, frames.copy(), poses)

    assert (found.psnr, found.psnr_lips, found.psnr_hands) == (EQUAL_DB,) * 3
    assert (found.ssim, found.ssim_lips, found.ssim_hands) == pytest.approx((1, 1, 1))


def test_what_differs_at_the_lips_alone_leaves_the_hands_equal(frames: UInt8Array, poses: PoseSequence) -> None:
    lips, _ = boxes_of(poses, SIDE)
    other = frames.copy()
    other[lips] += 20

    found = likeness(frames, other, poses)

    assert found.psnr_lips == pytest.approx(20 * np.log10(255 / 20), abs=1e-3)
    assert found.psnr_hands == EQUAL_DB
    assert found.psnr_lips < found.psnr < EQUAL_DB
    assert found.ssim_lips < found.ssim_hands == pytest.approx(1)


def test_boxes_lie_where_the_keypoints_are(poses: PoseSequence) -> None:
    lips, hands = boxes_of(poses, SIDE)

    assert (lips[0, 50, 64], hands[0, 50, 64]) == (True, False)
    assert (lips[0, 75, 20], hands[0, 75, 20]) == (False, True)


def test_the_first_row_counts_in_errors_but_its_mirror_image_in_no_structure(
    frames: UInt8Array, poses: PoseSequence
) -> None:
    other = frames.copy()
    other[:, 0] = 255

    found = likeness(frames, other, poses)

    # Rows 5 and on are judged; those whose windows reach row 0 are one of them.
    assert found.psnr < EQUAL_DB
    assert 0.99 < found.ssim < 1

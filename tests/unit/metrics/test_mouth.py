"""Laws of the mouth's measures."""

import numpy as np

from mmgt_core.metrics.gesture import correlation
from mmgt_core.metrics.mouth import mouth_opening, rendered_mouth_opening, with_still_mouth
from mmgt_core.types import PoseSequence, UInt8Array
from tests.unit.metrics.clips import speaker

INSIDE = np.array([[60, 10, 20], [120, 20, 60]])
OUTSIDE = np.array([[170, 70, 70], [230, 190, 170]])
OPENING = 10 + 10 * np.sin(np.arange(30) / 3).astype(np.float32)


def drawn_faces(opening, side: int = 128, scale: float = 1.0) -> UInt8Array:
    """A skin-coloured picture with lips at the speaker's mouth and a dark gap between them."""
    frames = np.empty((len(opening), side, side, 3), np.uint8)
    frames[:] = OUTSIDE[1]
    rows = (np.arange(side) + 0.5) * 512 / side - 110
    for frame, height in zip(frames, opening, strict=True):
        frame[np.abs(rows) < height / 2 + 8, 56:72] = OUTSIDE[0]
        frame[np.abs(rows) < height / 2 * scale, 56:72] = INSIDE[0]
    return frames


def test_mouth_opening_is_the_distance_between_the_inner_lips() -> None:
    np.testing.assert_allclose(mouth_opening(speaker(30, 0, OPENING)), OPENING, atol=1e-3)


def test_rendered_opening_is_that_of_the_drawing_to_a_pixel() -> None:
    found = rendered_mouth_opening(drawn_faces(OPENING), speaker(30, 0), INSIDE, OUTSIDE)

    # One pixel of 128 is 4 px of the canvas; the choice between colours is soft by a few percent of one.
    np.testing.assert_allclose(found, OPENING, atol=4.5)
    assert correlation(found, OPENING) > 0.9


def test_rendered_opening_looks_at_pixels_and_not_at_keypoints() -> None:
    closed = drawn_faces(np.zeros(30))

    found = rendered_mouth_opening(closed, speaker(30, 0, OPENING), INSIDE, OUTSIDE)

    np.testing.assert_allclose(found, 0, atol=0.5)


def test_rendered_opening_of_another_clip_does_not_correlate() -> None:
    other = 10 + 10 * np.sin(np.arange(30) / 1.3).astype(np.float32)

    found = rendered_mouth_opening(drawn_faces(other), speaker(30, 0), INSIDE, OUTSIDE)

    assert correlation(found, other) > 0.9
    # The two truths themselves correlate by 0.05.
    assert abs(correlation(found, OPENING)) < 0.15


def test_a_still_mouth_keeps_the_references_opening_and_moves_with_the_head() -> None:
    poses = speaker(30, 0, OPENING)
    turned = poses.keypoints.copy()
    angle = np.linspace(0, 0.3, 30)[:, None]
    x, y = poses.keypoints[..., 0] - 256, poses.keypoints[..., 1] - 240
    turned[..., 0] = np.cos(angle) * x - np.sin(angle) * y + 250 + 20 * angle
    turned[..., 1] = np.sin(angle) * x + np.cos(angle) * y + 240

    still = with_still_mouth(PoseSequence(turned), poses.keypoints[14])
    untouched = np.ones(134, bool)
    untouched[24:41] = untouched[72:92] = False

    np.testing.assert_allclose(mouth_opening(still), OPENING[14], atol=1e-2)
    np.testing.assert_array_equal(still.keypoints[:, untouched], turned[:, untouched])
    np.testing.assert_allclose(still.keypoints[14], turned[14], atol=1e-2)

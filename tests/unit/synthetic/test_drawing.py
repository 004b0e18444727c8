"""Laws of drawing: pictures show exactly what the keypoints say, at every size."""

import numpy as np
import pytest
from PIL import Image

from mmgt_core.keypoints import CANVAS_SIZE, LEFT_HAND, LIPS, Float32Array
from mmgt_core.masks.regions import Box, region_boxes
from mmgt_core.synthetic.clip import SyntheticClip
from mmgt_core.synthetic.drawing import draw_presenter
from mmgt_core.synthetic.head import MOUTH_INSIDE
from mmgt_core.synthetic.identity import Beard, Glasses, Pattern


def test_the_same_pose_gives_the_same_pixels(clips: list[SyntheticClip]) -> None:
    frames = [0, 30, 50]

    assert np.array_equal(clips[2].render(frames, 128), clips[2].render(frames, 128))
    assert np.array_equal(clips[2].render([30], 128)[0], clips[2].render(frames, 128)[1])


@pytest.mark.parametrize("size", [64, 128, 256])
def test_a_small_picture_is_the_large_one_made_smaller(clips: list[SyntheticClip], size: int) -> None:
    large, small = clips[3].render([20], CANVAS_SIZE)[0], clips[3].render([20], size)[0]
    shrunk = np.asarray(Image.fromarray(large).resize((size, size), Image.Resampling.BOX))

    assert small.shape == (size, size, 3)
    assert np.abs(small.astype(int) - shrunk).mean() < 3  # two ways of smoothing edges


def changed_box(clip: SyntheticClip, first: Float32Array, second: Float32Array) -> Box:
    """Where two poses look different."""
    one, other = draw_presenter(clip.identity, np.stack([first, second]), CANVAS_SIZE)
    rows, columns = np.nonzero((one != other).any(axis=-1))
    return Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


def test_nothing_outside_of_the_lips_box_changes_when_only_lips_move(clips: list[SyntheticClip]) -> None:
    clip = next(clip for clip in clips if clip.identity.beard is Beard.NONE)
    shut = clip.pose_sequence.keypoints[0]
    wide = clip.pose_sequence.keypoints[clip.mouth_opening.argmax()]
    opened = shut.copy()
    opened[LIPS] = (
        wide[LIPS] - wide[LIPS.start : LIPS.start + 7].mean(axis=0) + shut[LIPS.start : LIPS.start + 7].mean(axis=0)
    )
    boxes = [region_boxes(pose).lips for pose in (shut, opened)]
    changed = changed_box(clip, shut, opened)

    assert all(boxes)
    assert changed.x0 >= min(box.x0 for box in boxes if box) - 2
    assert changed.x1 <= max(box.x1 for box in boxes if box) + 3
    assert changed.y0 >= min(box.y0 for box in boxes if box) - 2
    assert changed.y1 <= max(box.y1 for box in boxes if box) + 3


def test_nothing_outside_of_the_hand_box_changes_when_only_fingers_move(clips: list[SyntheticClip]) -> None:
    clip = clips[4]
    keypoints = clip.pose_sequence.keypoints
    still = keypoints[0]
    moved = still.copy()
    other = keypoints[len(keypoints) // 2, LEFT_HAND]
    moved[LEFT_HAND] = other - other[0] + still[LEFT_HAND.start]
    moved[LEFT_HAND, 2] = 1
    boxes = [region_boxes(pose).left_hand for pose in (still, moved)]
    changed = changed_box(clip, still, moved)
    finger = 0.155 * clip.identity.build.hand_length / 2 + 3  # half a finger and its edge

    assert changed.x0 >= min(box.x0 for box in boxes if box) - finger
    assert changed.x1 <= max(box.x1 for box in boxes if box) + finger
    assert changed.y0 >= min(box.y0 for box in boxes if box) - finger
    assert changed.y1 <= max(box.y1 for box in boxes if box) + finger


def test_an_open_mouth_can_be_measured_in_small_pictures(clips: list[SyntheticClip]) -> None:
    clip = clips[5]
    frames = range(0, len(clip.pose_sequence), 3)
    pictures = clip.render(frames, 128).astype(int)
    lips = clip.pose_sequence.keypoints[frames, LIPS, :2] / 4
    darkness = []
    for picture, points in zip(pictures, lips, strict=True):
        (x0, y0), (x1, y1) = points.min(axis=0).astype(int), points.max(axis=0).astype(int) + 1
        distance = np.abs(picture[y0:y1, x0:x1] - MOUTH_INSIDE).sum(axis=-1)
        darkness.append((distance < 90).sum())

    assert np.corrcoef(darkness, clip.mouth_opening[frames])[0, 1] > 0.85


def test_people_differ_in_all_that_is_drawn(clips: list[SyntheticClip]) -> None:
    identities = [clip.identity for clip in clips]

    assert len({identity.skin for identity in identities}) == len(clips)
    assert len({identity.hair_style for identity in identities}) >= 4
    assert {identity.glasses for identity in identities} >= {Glasses.NONE}
    assert {identity.pattern for identity in identities} >= {Pattern.PLAIN}
    assert len({identity.scene for identity in identities}) >= 3

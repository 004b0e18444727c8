import cv2
import numpy as np
import pytest

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO
from mmgt_core.media.image_decoding import decode_image
from mmgt_core.media.limits import MediaLimits
from mmgt_core.media.video_decoding import read_video_frames
from mmgt_core.media.video_writer import VideoWriter
from mmgt_core.pose.drawing import draw_pose
from mmgt_core.pose.drawn_poses import is_drawn_pose
from mmgt_core.pose.framing import CropChoice
from mmgt_core.pose.initial_pose import find_initial_pose
from tests.unit.media.recordings import SAMPLES


@pytest.fixture(scope="module")
def pose(tmp_path_factory):
    image = decode_image(SAMPLES / "portrait.png", MediaLimits()).pixels
    detector = load_detector(tmp_path_factory.mktemp("none"), MMGT_DEMO)
    return draw_pose(find_initial_pose(image, detector, CropChoice.auto()).keypoints)


@pytest.mark.parametrize("side", [64, 256, 512, 1080])
def test_a_drawn_pose_is_known_after_encoding_at_any_size(tmp_path, pose, side):
    path = tmp_path / "pose.mp4"
    with VideoWriter(path, side, side, None, 15) as writer:
        for _ in range(15):
            writer.write(cv2.resize(pose, (side, side), interpolation=cv2.INTER_AREA))

    assert all(is_drawn_pose(frame) for frame in read_video_frames(path, MediaLimits()))


PEOPLE = [SAMPLES / "portrait.png", *sorted((SAMPLES / "presenters").glob("*.png"))]


@pytest.mark.parametrize("path", PEOPLE, ids=lambda path: path.stem)
@pytest.mark.parametrize("side", [128, 512])
def test_a_person_on_black_is_no_drawn_pose(path, side):
    picture = cv2.resize(decode_image(path, MediaLimits()).pixels, (side, side), interpolation=cv2.INTER_AREA)
    stage = np.zeros((3 * side, 3 * side, 3), np.uint8)
    stage[side : 2 * side, side : 2 * side] = picture

    assert not is_drawn_pose(picture)
    assert not is_drawn_pose(stage)


def test_black_is_no_drawn_pose():
    assert not is_drawn_pose(np.zeros((256, 256, 3), np.uint8))

"""The tiny preset among the known ones, and the portrait's own pose as driving keypoints."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO, PRESETS
from mmgt_core.media.image_decoding import decode_image
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pose.framing import CropChoice
from mmgt_core.pose.initial_pose import find_initial_pose
from tests.integration.generate.command import PORTRAIT, TINY, record


@pytest.fixture(scope="session", autouse=True)
def tiny_preset() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two cores are shared, and small tensors gain nothing
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, TINY.name, TINY)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def portrait_keypoints() -> np.ndarray:
    """Where the sample's person is: (134, 3) on the 512 canvas."""
    image = decode_image(PORTRAIT, MediaLimits()).pixels
    return find_initial_pose(image, load_detector(Path("no weights"), MMGT_DEMO), CropChoice.auto()).keypoints


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="session")
def half_a_second(media: Path) -> Path:
    return record(media / "half.wav", 0.5)


@pytest.fixture(scope="session")
def moving_poses(media: Path, portrait_keypoints: np.ndarray) -> Path:
    """The portrait's pose, swaying by a pixel a frame, for 70 s."""
    path = media / "poses.npy"
    poses = np.repeat(portrait_keypoints[None], 1750, axis=0)
    poses[:, :, 0] += (np.arange(1750) % 10)[:, None]
    np.save(path, poses)
    return path

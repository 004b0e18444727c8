"""Before process 2 the projection of speech learns what mouths do, where speech tells it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from mmgt_core.config import AudioProjectionConfig
from mmgt_core.keypoints import FACE, LIPS, NUM_KEYPOINTS, Float32Array
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.stage_2.mouth_lesson import teach_mouths
from mmgt_core.unet.audio_projection import AudioProjection

SMALL = AudioProjectionConfig(window_frames=5, num_layers=1, features=8, hidden=16, tokens=2, token_features=8)
NUM_STEPS = 150
INNER_ABOVE, INNER_BELOW = slice(LIPS.start + 13, LIPS.start + 16), slice(LIPS.start + 17, LIPS.start + 20)


@dataclass(frozen=True)
class SpokenMouths:
    """Mouths open as wide as the first feature of what is heard is large; is_deaf: as wide as that of another clip."""

    is_deaf: bool = False
    num_frames: int = 12
    first_target: int = 2

    def __len__(self) -> int:
        return 1000

    def first_reference(self, first: int) -> int:
        return first

    def frames_of(self, clip: int, reference: int, frames: Sequence[int]) -> Batch:
        raise AssertionError("no picture is needed")

    def keypoints_of(self, clip: int, frames: Sequence[int]) -> Float32Array:
        opening = 10 + 5 * self._heard(clip + 5000 if self.is_deaf else clip, frames)[:, 2, 0, 0].numpy()
        keypoints = np.ones((len(frames), NUM_KEYPOINTS, 3), np.float32)
        keypoints[:, FACE.start + 45, 0] = 100
        keypoints[:, LIPS.start + 6, 0] = 50
        keypoints[:, INNER_BELOW, 1] = keypoints[:, INNER_ABOVE, 1] + opening[:, None]
        return keypoints

    def speech_of(self, clip: int, frames: Sequence[int]) -> torch.Tensor:
        assert min(frames) >= self.first_target
        return self._heard(clip, frames)

    def _heard(self, clip: int, frames: Sequence[int]) -> torch.Tensor:
        chance = np.random.default_rng(clip)
        return torch.from_numpy(chance.normal(size=(self.num_frames, 5, 1, 8)).astype(np.float32))[list(frames)]


def projection() -> AudioProjection:
    torch.manual_seed(0)
    return AudioProjection(SMALL)


def test_it_learns_to_tell_mouths_from_speech_that_tells_them() -> None:
    assert teach_mouths(projection(), SpokenMouths(), NUM_STEPS, 0) < 0.2


def test_nothing_is_learned_of_mouths_that_speech_does_not_tell() -> None:
    unseen = SpokenMouths(is_deaf=True)

    assert teach_mouths(projection(), unseen, NUM_STEPS, 0) > 0.4


@pytest.mark.parametrize(("seed", "is_same"), [(0, True), (1, False)])
def test_the_same_seed_gives_the_same_weights_and_touches_no_other_randomness(seed: int, is_same: bool) -> None:
    one, other = projection(), projection()
    torch.manual_seed(3)
    before = torch.random.get_rng_state()

    teach_mouths(one, SpokenMouths(), 5, 0)
    teach_mouths(other, SpokenMouths(), 5, seed)

    assert torch.equal(one.proj3.weight, other.proj3.weight) == is_same
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(one.proj3.weight, projection().proj3.weight)
    assert all(parameter.grad is None for parameter in one.parameters())

"""Laws of what is measured of one clip for table V."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.metrics.ablations.clip import FeatureExtractors, measure_clip, truth_of
from mmgt_core.metrics.ablations.rows import (
    COLUMNS,
    FACE_FVD,
    FGD,
    LIPS,
    LIPS_ALONE,
    MOUTH_PSNR_ALONE,
    TEMPORAL,
    TEMPORAL_ALONE,
    VIDEO_FVD,
    Stage,
)
from mmgt_core.metrics.image import EQUAL_DB
from mmgt_core.metrics.pose_autoencoder import train_pose_autoencoder
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.types import PoseSequence, UInt8Array, Waveform
from tests.unit.metrics.knowing_system import SIDE, KnowingSystem


@dataclass(frozen=True)
class HearingSystem(KnowingSystem):
    """Draws the mouth that is spoken, whatever the pose's mouth does: stage 2 as speech alone would have it."""

    def render(
        self,
        reference_image: UInt8Array,
        initial_keypoints: np.ndarray,
        poses: PoseSequence,
        waveform: Waveform | None,
    ) -> UInt8Array:
        known = self.clips[0]
        assert np.array_equal(known.render([known.reference_frame], CANVAS_SIZE)[0], reference_image)
        return known.render(range(len(poses)), SIDE)


@pytest.fixture(scope="module")
def clip() -> SyntheticClip:
    return synthetic_clip(FIRST_HELD_OUT_SEED, 2)


@pytest.fixture(scope="module")
def extractors(clip) -> FeatureExtractors:
    return FeatureExtractors(train_pose_autoencoder([clip.pose_sequence], num_steps=2), None, torch.device("cpu"))


def test_a_perfect_system_has_the_best_of_every_number_and_one_that_stands_still_less_of_each(clip, extractors) -> None:
    perfect, still = (
        measure_clip(clip, system, Stage.POSES, extractors).numbers
        for system in (KnowingSystem([clip]), KnowingSystem([clip], is_still=True))
    )

    by_name = {column.name: column for column in COLUMNS}
    assert (perfect["face PSNR"], perfect["video PSNR"]) == (EQUAL_DB, EQUAL_DB)
    # Variances of flat pictures are small differences of float32: equal ones come out at 0.9998.
    assert [perfect[name] for name in ("face SSIM", "video SSIM")] == pytest.approx([1, 1], abs=1e-3)
    assert perfect[LIPS.name] > 0.9
    assert perfect[TEMPORAL.name] == 0
    assert all((still[name] > perfect[name]) is by_name[name].is_lower_better for name in perfect)


def test_by_speech_alone_one_who_hears_draws_the_mouth_and_one_who_follows_the_pose_does_not(clip, extractors) -> None:
    hearing, following = (
        measure_clip(clip, system, Stage.FRAMES, extractors).numbers
        for system in (HearingSystem([clip]), KnowingSystem([clip]))
    )

    assert hearing[LIPS_ALONE.name] > 0.9
    assert hearing[MOUTH_PSNR_ALONE.name] == EQUAL_DB
    assert hearing[TEMPORAL_ALONE.name] == 0
    assert following[LIPS.name] > 0.9
    # A mouth at rest is seen to move a little when its head does.
    assert following[LIPS_ALONE.name] < hearing[LIPS_ALONE.name] / 2
    assert following[MOUTH_PSNR_ALONE.name] < EQUAL_DB
    assert following[TEMPORAL_ALONE.name] > 0


def test_rows_of_stage_1_are_not_measured_by_speech_alone_which_they_cannot_change(clip, extractors) -> None:
    numbers = measure_clip(clip, KnowingSystem([clip]), Stage.POSES, extractors).numbers

    assert not {LIPS_ALONE.name, MOUTH_PSNR_ALONE.name, TEMPORAL_ALONE.name} & set(numbers)


def test_a_perfect_systems_features_are_the_truths_and_fvd_has_some_only_where_its_network_is(
    clip, extractors, tmp_path: Path
) -> None:
    i3d = torch.jit.script(torch.nn.AdaptiveAvgPool3d(2))
    seeing = FeatureExtractors(extractors.poses, i3d, torch.device("cpu"))

    blind, found = (
        measure_clip(clip, KnowingSystem([clip]), Stage.POSES, each).features for each in (extractors, seeing)
    )

    assert set(blind) == {FGD.name}
    assert set(found) == {FGD.name, FACE_FVD.name, VIDEO_FVD.name}
    assert len(found[VIDEO_FVD.name]) == 3  # 50 frames are three clips of 16
    truth = truth_of(clip, SIDE, seeing)
    assert all(np.array_equal(found[name], truth[name]) for name in found)

"""Whoever's clips they are: what the two processes take of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from mmgt_core.metrics.mouth import with_still_mouth
from mmgt_core.training.machinery.batches import Batch
from mmgt_core.training.presenters.dataset import PresenterDataset
from mmgt_core.training.stage_2.clips import ClipWindows, HeldMouths, ReferenceTargets, drawn_poses
from mmgt_core.training.stage_2.prepared_clips import PreparedClips
from mmgt_core.types import PoseSequence
from tests.unit.training.presenters.tiny_presenters import NUM_FRAMES, TINY, build, encoded, with_another_mouth_at_rest

ANY = 200
"""Draws that are tried."""


@dataclass(frozen=True)
class NotedClips:
    """Clips that remember which frames are asked for."""

    num_frames: int = 10
    first_target: int = 1
    asked: list[tuple[int, list[int]]] = field(default_factory=list)

    def __len__(self) -> int:
        return 3

    def first_reference(self, first: int) -> int:
        return first

    def frames_of(self, clip: int, reference: int, frames: Sequence[int]) -> Batch:
        self.asked.append((reference, list(frames)))
        return {"masks": torch.zeros(len(frames))}

    def keypoints_of(self, clip: int, frames: Sequence[int]) -> np.ndarray:
        raise AssertionError("no mouth is held")

    def speech_of(self, clip: int, frames: Sequence[int]) -> torch.Tensor:
        assert self.asked[-1][1] == frames
        return torch.zeros(len(frames))


@pytest.mark.parametrize("reference", ["first", "random"])
def test_targets_are_drawn_from_the_first_target_on_and_random_references_from_everywhere(reference) -> None:
    clips = NotedClips()

    for seed in range(ANY):
        ReferenceTargets(clips, 3, reference).item(0, np.random.default_rng(seed))

    references = {reference for reference, _ in clips.asked}
    assert {frame for _, frames in clips.asked for frame in frames} == set(range(1, 10))
    assert all(len(set(frames)) == 3 and frames == sorted(frames) for _, frames in clips.asked)
    assert references == ({0} if reference == "first" else set(range(10)))


@pytest.mark.parametrize("reference", ["first", "random"])
def test_windows_are_consecutive_frames_with_their_speech_and_begin_anywhere_behind_the_first_target(reference) -> None:
    clips = NotedClips()

    for seed in range(ANY):
        item = ClipWindows(clips, 4, reference).item(0, np.random.default_rng(seed))
        assert item["speech"].shape == (4,)

    assert {frames[0] for _, frames in clips.asked} == set(range(1, 7))
    assert all(frames == list(range(frames[0], frames[0] + 4)) for _, frames in clips.asked)
    if reference == "first":
        assert all(reference == frames[0] for reference, frames in clips.asked)
    else:
        assert {reference for reference, _ in clips.asked} == set(range(10))


def test_presenters_are_seen_from_their_frame_of_rest_and_videos_from_the_first_target(tmp_path) -> None:
    dataset: PresenterDataset = build(tmp_path)
    prepared = PreparedClips([None, None], TINY)

    assert [dataset.first_reference(first) for first in (1, 4)] == [0, 0]
    assert [prepared.first_reference(first) for first in (1, 4)] == [1, 4]
    assert (dataset.first_target, prepared.first_target) == (1, 0)
    assert (dataset.num_frames, prepared.num_frames) == (NUM_FRAMES + 1, 80)
    assert len(prepared) == 2


def test_of_a_held_window_the_drawn_mouth_and_the_masks_rest_and_nothing_else_differs(tmp_path) -> None:
    dataset = with_another_mouth_at_rest(encoded(tmp_path))
    free, held = (ClipWindows(dataset, 4, "first", holding) for holding in (None, HeldMouths(1.0, TINY)))

    moving, resting = (windows.item(2, np.random.default_rng(5)) for windows in (free, held))

    differing = {name for name, value in moving.items() if not torch.equal(value, resting[name])}
    assert differing == {"pose_images", "masks"}
    seeded = np.random.default_rng(5)
    start = int(seeded.integers(1, dataset.num_frames - 3))
    keypoints = dataset.keypoints[2]
    expected = drawn_poses(with_still_mouth(PoseSequence(keypoints[start : start + 4]), keypoints[0]), TINY)
    assert all(torch.equal(resting[name], value) for name, value in expected.items())
    assert torch.equal(resting["true_masks"], moving["masks"])


def test_as_many_windows_are_held_as_asked(tmp_path) -> None:
    dataset = with_another_mouth_at_rest(encoded(tmp_path))
    windows = ClipWindows(dataset, 4, "first", HeldMouths(0.3, TINY))

    items = [windows.item(0, np.random.default_rng(seed)) for seed in range(ANY)]

    share = np.mean([not torch.equal(item["masks"], item["true_masks"]) for item in items])
    assert share == pytest.approx(0.3, abs=0.1)

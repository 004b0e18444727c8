"""Generated poses blink and come to rest at the end: in which modes, that this is told, and what it changes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.config import MMGT_512, MMGT_DEMO, MMGT_DEMO_GUIDED, Preset, SamplingOptions
from mmgt_core.keypoints import RIGHT_HAND, Float32Array
from mmgt_core.load_stage_1 import load_audio_to_pose
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.natural_poses import generated_poses, video_poses
from mmgt_core.pipelines.outputs import resolved_options
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.pose.blinking import with_blinks
from mmgt_core.pose.carrying_over import carried_over
from mmgt_core.pose.coming_to_rest import at_rest_at_the_end
from mmgt_core.pose.eyelids import blinks, eye_opening, usual_opening
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import PoseWishes, StartPose
from mmgt_core.quality import Quality
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.synthetic.rest import resting_presenter
from mmgt_core.types import PoseSequence

SEEDS = range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + 8)
SECONDS = 6
FEW_STEPS = 5
"""Eyes of stage 1 are as open after five steps as after fifty."""
WRISTS, SHOULDERS, HEAD = [4, 7], [2, 5], [0, 14, 15, 16, 17]
TIP = RIGHT_HAND.start + 12


@dataclass(frozen=True)
class Spoken:
    """A held-out presenter's clip, and stage 1's poses to its speech: its own, and as a video gets them."""

    clip: SyntheticClip
    own: Float32Array
    natural: Float32Array

    @property
    def initial(self) -> Float32Array:
        return self.clip.pose_sequence.keypoints[self.clip.reference_frame]

    def num_blinks(self, poses: Float32Array) -> int:
        usual = usual_opening(self.initial)
        assert usual is not None
        return len(blinks(eye_opening(poses) / usual))

    def last_speed(self, poses: Float32Array) -> float:
        """Of the faster wrist from its shoulder, px a frame."""
        arms = poses[-2:, WRISTS, :2] - poses[-2:, SHOULDERS, :2]
        return float(np.linalg.norm(arms[1] - arms[0], axis=1).max())


@pytest.fixture(scope="module")
def stage_1(tmp_path_factory: pytest.TempPathFactory) -> AudioToPose:
    return load_audio_to_pose(MMGT_DEMO, tmp_path_factory.mktemp("no_weights"), torch.device("cpu"))


def poses_of(stage_1: AudioToPose, clip: SyntheticClip, preset: Preset, **asked: object) -> Float32Array:
    options = SamplingOptions(seed=clip.seed, pose_inference_steps=FEW_STEPS, **asked)  # type: ignore[arg-type]
    initial = clip.pose_sequence.keypoints[clip.reference_frame]
    parts = generated_poses(stage_1, preset, initial, clip.waveform, options, RunControl())
    return np.concatenate([part.keypoints for part in parts])


@pytest.fixture(scope="module")
def spoken(stage_1: AudioToPose) -> list[Spoken]:
    return [spoken_by(stage_1, synthetic_clip(seed, SECONDS)) for seed in SEEDS]


def spoken_by(stage_1: AudioToPose, clip: SyntheticClip) -> Spoken:
    own, initial = poses_of(stage_1, clip, MMGT_DEMO, natural_poses=False), clip.pose_sequence.keypoints[0]
    resting = at_rest_at_the_end(iter((PoseSequence(own),)), initial, clip.waveform)
    natural = [part.keypoints for part in with_blinks(resting, len(own), initial, clip.seed)]
    return Spoken(clip, own, np.concatenate(natural))


def test_held_out_presenters_blink_as_often_as_they_do_when_they_are_filmed(spoken: list[Spoken]) -> None:
    filmed, own, natural = (
        [each.num_blinks(poses(each)) for each in spoken]
        for poses in (lambda each: each.clip.pose_sequence.keypoints, lambda each: each.own, lambda each: each.natural)
    )

    assert sum(own) == 0  # stage 1 has learned none: why they are sampled
    assert sum(filmed) >= 8
    assert 0.7 * sum(filmed) <= sum(natural) <= 1.5 * sum(filmed)
    assert min(natural) >= 1


def test_held_out_presenters_do_not_end_in_mid_gesture(spoken: list[Spoken]) -> None:
    before = [each.last_speed(each.own) for each in spoken]
    after = [each.last_speed(each.natural) for each in spoken]

    assert max(before) > 2
    assert max(after) < 0.01


@pytest.mark.parametrize(
    ("preset", "quality", "asked", "natural"),
    [
        (MMGT_512, None, None, False),  # as published, unless asked
        (MMGT_512, None, True, True),
        (MMGT_512, Quality.BALANCED, None, True),
        (MMGT_DEMO, None, None, True),
        (MMGT_DEMO, None, False, False),
        (MMGT_DEMO, Quality.EXACT, None, False),
        (MMGT_DEMO_GUIDED, None, None, False),
    ],
)
def test_only_exact_adds_nothing_to_the_methods_poses_and_the_manifest_tells(
    preset: Preset, quality: Quality | None, asked: bool | None, natural: bool
) -> None:
    assert resolved_options(preset, SamplingOptions(quality=quality, natural_poses=asked))["natural_poses"] is natural


def test_an_exact_videos_poses_are_stage_1s_to_the_bit_and_those_of_other_modes_are_not(stage_1: AudioToPose) -> None:
    clip = synthetic_clip(SEEDS[0], 3)
    options = SamplingOptions(seed=clip.seed, pose_inference_steps=FEW_STEPS)
    initial = clip.pose_sequence.keypoints[clip.reference_frame]
    alone = stage_1(initial, clip.waveform, options, RunControl()).keypoints

    assert np.array_equal(poses_of(stage_1, clip, MMGT_DEMO, quality=Quality.EXACT), alone)
    asked = poses_of(stage_1, clip, MMGT_DEMO)
    assert not np.array_equal(asked, alone)
    assert np.array_equal(asked, spoken_by(stage_1, clip).natural)


@dataclass(frozen=True)
class WithLongFinger:
    """Stage 1, whose every ninth frame has a middle finger pulled out to twice its hand."""

    stage_1: AudioToPose

    def stream(self, *asked: object) -> Iterator[PoseSequence]:
        first = 0
        for part in self.stage_1.stream(*asked):
            keypoints = part.keypoints.copy()
            wrong = keypoints[-first % 9 :: 9]
            wrong[:, TIP, :2] += 3 * (wrong[:, TIP, :2] - wrong[:, WRISTS[0], :2]) + 40
            first += len(keypoints)
            yield PoseSequence(keypoints)


def test_impossible_hands_of_a_video_are_mended_and_told_and_exact_leaves_them(stage_1: AudioToPose) -> None:
    clip = synthetic_clip(SEEDS[0], 4)
    initial = clip.pose_sequence.keypoints[clip.reference_frame]

    def made(by: WithLongFinger | AudioToPose, quality: Quality | None) -> tuple[Float32Array, RunControl]:
        options = SamplingOptions(seed=clip.seed, pose_inference_steps=FEW_STEPS, quality=quality)
        control = RunControl()
        parts = generated_poses(by, MMGT_DEMO, initial, clip.waveform, options, control)  # type: ignore[arg-type]
        return np.concatenate([part.keypoints for part in parts]), control

    (kept, unwarned), (mended, warned) = (made(WithLongFinger(stage_1), each) for each in (Quality.EXACT, None))
    untouched, silent = made(stage_1, None)

    assert (unwarned.warnings, silent.warnings) == ({}, {})
    assert list(warned.warnings) == ["hands_mended"]
    assert warned.warnings["hands_mended"].message.startswith("in 12 of 100 frames ")
    fingers = [np.abs(np.diff(poses[:, TIP, :2] - poses[:, WRISTS[0], :2], axis=0)).max() for poses in (kept, mended)]
    assert fingers[0] > 100
    assert fingers[1] < 30
    others = np.flatnonzero(np.arange(60) % 9)  # the rest at the end looks at all frames before it
    assert np.array_equal(mended[others], untouched[others])


def test_a_longer_videos_first_poses_come_before_its_last_are_made(stage_1: AudioToPose) -> None:
    clip, told = synthetic_clip(SEEDS[0], 8), []
    options = SamplingOptions(pose_inference_steps=FEW_STEPS)
    initial = clip.pose_sequence.keypoints[clip.reference_frame]
    control = RunControl(on_progress=lambda progress: told.append(progress.step / progress.steps))

    next(generated_poses(stage_1, MMGT_DEMO, initial, clip.waveform, options, control))

    assert told[-1] <= 0.5


def test_a_stage_1_that_knows_one_figure_gives_its_motion_to_anybody_else(stage_1: AudioToPose) -> None:
    clip = synthetic_clip(FIRST_HELD_OUT_SEED, 9)
    person = clip.pose_sequence.keypoints[0].copy()
    person[..., :2] = 1.4 * person[..., :2] - (120, 60)  # nearer, as photographs are framed
    options = SamplingOptions(seed=3, pose_inference_steps=FEW_STEPS, natural_poses=False)

    def poses(preset: Preset, initial: Float32Array) -> Float32Array:
        parts = generated_poses(stage_1, preset, initial, clip.waveform, options, RunControl())
        return np.concatenate([part.keypoints for part in parts])

    figures, persons = poses(MMGT_DEMO, resting_presenter()), poses(MMGT_DEMO, person)
    carried = carried_over(iter((PoseSequence(figures),)), resting_presenter(), person)
    by_itself = poses(replace(MMGT_DEMO, knows_one_figure=False), person)

    assert np.abs(persons - next(carried).keypoints).max() < 1e-3
    assert np.abs(persons[:, HEAD, :2] - person[HEAD, :2]).max() < 60
    assert np.abs(by_itself[:, HEAD, :2] - person[HEAD, :2]).max() > 100  # why it is done


def test_wishes_reach_generated_poses_and_driving_ones_and_a_loop_does_not_come_to_rest(stage_1: AudioToPose) -> None:
    clip = synthetic_clip(FIRST_HELD_OUT_SEED, 4)
    own, initial = clip.pose_sequence.keypoints, clip.pose_sequence.keypoints[0]
    picture = np.zeros((512, 512, 3), np.uint8)
    inputs = Inputs(picture, SquareFrame(0, 0, 512), initial, clip.waveform, Path("none"), PoseSequence(own), ())

    def poses(driving: PoseSequence | None, **asked: object) -> Float32Array:
        wishes = PoseWishes(**asked)  # type: ignore[arg-type]
        options = SamplingOptions(pose_inference_steps=FEW_STEPS, pose_wishes=wishes)
        given = replace(inputs, driving_poses=driving)
        parts = video_poses(stage_1, MMGT_DEMO, given, options, RunControl())
        return np.concatenate([part.keypoints for part in parts])

    def moves(made: Float32Array) -> float:
        return float(np.linalg.norm(np.diff(made[:, WRISTS, :2], axis=0), axis=-1).mean())

    assert np.array_equal(poses(PoseSequence(own)), own)
    for driving in (PoseSequence(own), None):
        assert moves(poses(driving, gesture_strength=0.0)) < 0.02 * moves(poses(driving))
    begun = poses(None, start_pose=StartPose.PORTRAIT)
    assert np.abs(begun[0, WRISTS, :2] - initial[WRISTS, :2]).max() < 0.01
    looped = poses(None, loop=True)
    seam = np.linalg.norm(looped[-1, WRISTS, :2] - looped[0, WRISTS, :2], axis=-1).max()
    assert seam < np.linalg.norm(np.diff(looped[:, WRISTS, :2], axis=0), axis=-1).max()

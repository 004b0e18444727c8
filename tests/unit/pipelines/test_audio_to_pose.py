"""Stage 1 at any length: how its segments are joined, that no frame is lost, that it can be stopped."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import WavLMModel

from mmgt_core.checkpoints.networks import build_wavlm
from mmgt_core.config import BASELINE_FEATURES, SamplingOptions, SMGAConfig
from mmgt_core.errors import Cancelled
from mmgt_core.keypoints import LEGS, NUM_KEYPOINTS, Float32Array
from mmgt_core.pipelines.audio_to_pose import AudioToPose
from mmgt_core.pipelines.progress import Progress, RunControl, Stage
from mmgt_core.pipelines.windows import segment_starts
from mmgt_core.smga.model import SMGA
from mmgt_core.types import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME, Waveform
from tests.small_preset import SMALL

CONFIG = SMGAConfig(
    width=32,
    feedforward_width=64,
    num_layers=2,
    num_heads=4,
    condition_features=SMALL.wavlm.hidden_size + BASELINE_FEATURES,
)

SEGMENT = CONFIG.segment_frames
OPTIONS = SamplingOptions(pose_inference_steps=8)
SEEDS = range(20)
# The last segment overlaps the one before by 79, 70, 40 (as all do), 60 and 55 of its frames.
LENGTHS = (81, 130, 160, 180, 265)


@dataclass(frozen=True)
class RemembersSpeech(AudioToPose):
    """Stage 1, but the speech of a segment is encoded once for all seeds."""

    heard: dict[tuple[int, int], torch.Tensor] = field(default_factory=dict)

    def _speech(self, waveform: Waveform, start: int) -> torch.Tensor:
        key = (len(waveform.samples), start)
        if key not in self.heard:
            self.heard[key] = super()._speech(waveform, start)
        return self.heard[key]


@pytest.fixture(scope="module")
def wavlm() -> WavLMModel:
    torch.manual_seed(0)
    return build_wavlm(SMALL.wavlm).requires_grad_(False).eval()


def random_smga(seed: int, noise_gain: float = 1.0) -> SMGA:
    """A network as it is drawn; noise_gain below 1 makes it listen less to the noise and move more slowly."""
    torch.manual_seed(seed)
    network = SMGA(CONFIG).requires_grad_(False).eval()
    network.input_projection.weight[:, : CONFIG.pose_features] *= noise_gain
    return network


def initial_keypoints() -> Float32Array:
    keypoints = np.random.default_rng(0).uniform(50, 460, (134, 3)).astype(np.float32)
    keypoints[:, 2] = 0.9
    return keypoints


def speech(num_samples: int) -> Waveform:
    """A tone that rises and falls in syllables, and some noise."""
    time_s = np.arange(num_samples) / SAMPLE_RATE_HZ
    tone = np.sin(2 * np.pi * (120 + 40 * np.sin(3 * time_s)) * time_s) * (0.5 + 0.5 * np.sin(14 * time_s)) ** 2
    noise = np.random.default_rng(0).normal(0, 0.01, num_samples)
    return Waveform((0.3 * tone + noise).astype(np.float32))


def generate(
    stage_1: AudioToPose, num_frames: int, options: SamplingOptions, control: RunControl | None = None
) -> Float32Array:
    waveform = speech(num_frames * SAMPLES_PER_FRAME)
    return stage_1(initial_keypoints(), waveform, options, control or RunControl()).keypoints


def joins(num_frames: int, options: SamplingOptions) -> list[tuple[int, int]]:
    """First and one past the last frame of each overlap."""
    starts = segment_starts(num_frames, SEGMENT, options.segment_overlap)
    return [(later, sooner + SEGMENT) for sooner, later in pairwise(starts)]


def jumps(poses: Float32Array, order: int) -> np.ndarray:
    """How far all points move from frame to frame (order 1), or their velocity changes (2), in pixels."""
    places = np.delete(poses, LEGS, axis=1)[..., :2].reshape(len(poses), -1).astype(np.float64)
    return np.linalg.norm(np.diff(places, order, axis=0), axis=1)


def seams_and_insides(runs: list[Float32Array], options: SamplingOptions, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Jumps across the frame at which a segment no longer has a say, and all others, of several runs."""
    seams, insides = [], []
    for poses in runs:
        is_seam = np.zeros(len(poses) - order, bool)
        for _, end in joins(len(poses), options):
            is_seam[end - order : end] = True
        seams.append(jumps(poses, order)[is_seam])
        insides.append(jumps(poses, order)[~is_seam])
    return np.concatenate(seams), np.concatenate(insides)


@pytest.fixture(scope="module", params=[1.0, 0.1], ids=["restless", "calm"])
def runs(wavlm: WavLMModel, request: pytest.FixtureRequest) -> list[Float32Array]:
    """Twenty seeds, each with its own random network."""
    heard: dict[tuple[int, int], torch.Tensor] = {}
    return [
        generate(
            RemembersSpeech(random_smga(seed, request.param), wavlm, SEGMENT, 2.0, heard=heard),
            LENGTHS[seed % len(LENGTHS)],
            replace(OPTIONS, seed=seed),
        )
        for seed in SEEDS
    ]


@pytest.mark.parametrize("order", [1, 2], ids=["position", "velocity"])
def test_seams_jump_no_further_than_segments_do_inside(runs: list[Float32Array], order: int) -> None:
    seams, insides = seams_and_insides(runs, OPTIONS, order)

    assert insides.mean() > 1  # the random networks do move
    assert seams.max() <= insides.max()
    assert seams.mean() <= 1.25 * insides.mean()


@pytest.mark.parametrize("order", [1, 2], ids=["position", "velocity"])
def test_frames_that_two_segments_share_move_no_more_than_the_others(runs: list[Float32Array], order: int) -> None:
    shared, alone = [], []
    for poses in runs:
        is_shared = np.zeros(len(poses) - order, bool)
        for start, end in joins(len(poses), OPTIONS):
            is_shared[start:end] = True
        shared.append(jumps(poses, order)[is_shared])
        alone.append(jumps(poses, order)[~is_shared])

    assert np.concatenate(shared).mean() <= 1.25 * np.concatenate(alone).mean()


def test_a_hard_cut_would_break_the_law_of_seams(wavlm: WavLMModel) -> None:
    cut = replace(OPTIONS, segment_overlap=4, segment_blend=0)
    poses = generate(AudioToPose(random_smga(0, 0.1), wavlm, SEGMENT, 2.0), 130, cut)

    seams, insides = seams_and_insides([poses], cut, order=1)

    assert seams.max() > 3 * insides.max()


@pytest.mark.parametrize("seconds", [0.5, 0.51, 1.0, 3.18, 3.2, 3.22, 3.3, 6.4, 7.0, 9.99])
def test_the_frames_are_the_seconds_times_25(wavlm: WavLMModel, seconds: float) -> None:
    waveform = speech(round(seconds * SAMPLE_RATE_HZ))
    stage_1 = AudioToPose(random_smga(0), wavlm, SEGMENT, 2.0)

    poses = stage_1(initial_keypoints(), waveform, replace(OPTIONS, pose_inference_steps=1), RunControl())

    assert len(poses) == round(seconds * 25)


def test_no_frame_of_the_first_segment_moves_before_the_overlap(wavlm: WavLMModel) -> None:
    """A longer recording continues a shorter one: what is not shared with a next segment stays as it was."""
    stage_1 = RemembersSpeech(random_smga(0), wavlm, SEGMENT, 2.0)

    alone = generate(stage_1, SEGMENT, OPTIONS)
    continued = generate(stage_1, 2 * SEGMENT, OPTIONS)

    kept = SEGMENT - OPTIONS.segment_overlap + 1
    assert np.array_equal(continued[:kept], alone[:kept])
    assert not np.array_equal(continued[kept:SEGMENT], alone[kept:])


def test_the_same_seed_gives_the_same_poses_and_another_gives_others(wavlm: WavLMModel) -> None:
    stage_1 = RemembersSpeech(random_smga(0), wavlm, SEGMENT, 2.0)

    first, again = (generate(stage_1, 130, OPTIONS) for _ in range(2))
    other = generate(stage_1, 130, replace(OPTIONS, seed=OPTIONS.seed + 1))

    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_callers_random_state_neither_matters_nor_changes(wavlm: WavLMModel) -> None:
    stage_1 = RemembersSpeech(random_smga(0), wavlm, SEGMENT, 2.0)
    torch.manual_seed(1)
    first = generate(stage_1, SEGMENT, OPTIONS)
    torch.manual_seed(2)
    before = torch.get_rng_state()

    second = generate(stage_1, SEGMENT, OPTIONS)

    assert np.array_equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_presets_guidance_counts_where_none_was_asked_for(wavlm: WavLMModel) -> None:
    guided, unguided = (AudioToPose(random_smga(0), wavlm, SEGMENT, scale) for scale in (2.0, 1.0))

    own = generate(unguided, SEGMENT, OPTIONS)

    assert np.array_equal(own, generate(guided, SEGMENT, replace(OPTIONS, pose_guidance_scale=1.0)))
    assert not np.allclose(own, generate(guided, SEGMENT, OPTIONS))


def test_faces_and_heads_can_be_guided_otherwise_than_gestures_until_a_scale_is_asked_for(wavlm: WavLMModel) -> None:
    once, network = replace(OPTIONS, pose_inference_steps=1), random_smga(0)
    stage_1 = AudioToPose(network, wavlm, SEGMENT, 2.0, head_guidance_scale=1.2)
    is_head = np.zeros(NUM_KEYPOINTS, bool)
    is_head[[*range(24, 92), 0, 14, 15, 16, 17]] = True

    own, asked = generate(stage_1, SEGMENT, once), generate(stage_1, SEGMENT, replace(once, pose_guidance_scale=1.2))

    gestures, heads = (generate(AudioToPose(network, wavlm, SEGMENT, scale), SEGMENT, once) for scale in (2.0, 1.2))
    assert np.array_equal(own[:, is_head], heads[:, is_head])
    assert np.array_equal(own[:, ~is_head], gestures[:, ~is_head])
    assert not np.array_equal(heads, gestures)
    assert np.array_equal(asked, heads)


def test_guidance_goes_past_what_was_heard_away_from_what_was_not(wavlm: WavLMModel) -> None:
    """One step, at whose end the pose is the prediction: linear in the scale."""
    stage_1, once = AudioToPose(random_smga(0), wavlm, SEGMENT, 2.0), replace(OPTIONS, pose_inference_steps=1)

    unheard, heard, beyond = (
        generate(stage_1, SEGMENT, replace(once, pose_guidance_scale=scale)) for scale in (0.0, 1.0, 2.0)
    )

    is_free = np.isin([unheard, heard, beyond], (-200, 0, 800), invert=True).all(axis=0)  # neither clamped nor a leg
    assert is_free[..., :2].mean() > 0.1
    assert not np.allclose(unheard[is_free], heard[is_free])
    assert np.allclose(beyond[is_free], (2 * heard - unheard)[is_free], atol=0.05)


def test_legs_are_removed(wavlm: WavLMModel) -> None:
    poses = generate(AudioToPose(random_smga(0), wavlm, SEGMENT, 2.0), SEGMENT, OPTIONS)

    assert not poses[:, LEGS].any()
    assert poses[:, 0].any()


def test_a_segments_poses_come_before_the_next_one_is_heard(wavlm: WavLMModel) -> None:
    stage_1, told = AudioToPose(random_smga(0), wavlm, SEGMENT, 2.0), []
    waveform = speech(180 * SAMPLES_PER_FRAME)
    stream = stage_1.stream(initial_keypoints(), waveform, OPTIONS, RunControl(on_progress=told.append))

    lengths, steps = [], []
    for part in stream:
        lengths.append(len(part))
        steps.append(told[-1].step)

    assert lengths == [40, 40, 20, 80]
    assert steps == [8, 16, 24, 32]


def test_progress_counts_the_steps_of_all_segments(wavlm: WavLMModel) -> None:
    told: list[Progress] = []

    generate(AudioToPose(random_smga(0), wavlm, SEGMENT, 2.0), 130, OPTIONS, RunControl(on_progress=told.append))

    steps = len(segment_starts(130, SEGMENT, OPTIONS.segment_overlap)) * OPTIONS.pose_inference_steps
    assert told == [Progress(Stage.POSE_DIFFUSION, step, steps) for step in range(steps + 1)]


@pytest.mark.parametrize("last_step", [0, 1, 11])
def test_a_cancelled_run_ends_within_the_step(wavlm: WavLMModel, last_step: int) -> None:
    told: list[int] = []
    control = RunControl(
        on_progress=lambda progress: told.append(progress.step),
        is_cancelled=lambda: bool(told) and told[-1] >= last_step,
    )

    with pytest.raises(Cancelled):
        generate(AudioToPose(random_smga(0), wavlm, SEGMENT, 2.0), 130, OPTIONS, control)

    assert told[-1] <= last_step + 1

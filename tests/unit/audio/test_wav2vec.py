"""Speech as stage 2 hears it: block by block, as if it had been heard at once."""

import tracemalloc

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Model

from mmgt_core.audio.wav2vec import BLOCK_FRAMES, SpeechFeatures, hidden_states, normalise, stack_neighbours
from mmgt_core.checkpoints.networks import build_wav2vec
from mmgt_core.config import WindowSchedule
from mmgt_core.pipelines.windows import stretches
from mmgt_core.types import SAMPLES_PER_FRAME, Waveform
from tests.small_preset import SMALL

LAYERS, WIDTH = SMALL.wav2vec.num_hidden_layers, SMALL.wav2vec.hidden_size


@pytest.fixture(scope="module")
def wav2vec() -> Wav2Vec2Model:
    torch.manual_seed(0)
    return build_wav2vec(SMALL.wav2vec).requires_grad_(False).eval()


def speech(num_samples: int) -> Waveform:
    return Waveform(np.random.default_rng(1).normal(0, 0.1, num_samples).astype(np.float32))


def heard_at_once(model: Wav2Vec2Model, waveform: Waveform) -> torch.Tensor:
    samples = torch.from_numpy(normalise(waveform.samples))
    return stack_neighbours(hidden_states(model, samples, waveform.num_frames))


def test_speech_of_one_block_is_what_is_heard_at_once(wav2vec: Wav2Vec2Model) -> None:
    waveform = speech(80 * SAMPLES_PER_FRAME)
    features = SpeechFeatures(wav2vec, waveform)

    given = features.window(range(80))

    assert given.shape == (80, 5, LAYERS, WIDTH)
    assert torch.equal(given, heard_at_once(wav2vec, waveform))


def test_the_margins_make_blocks_sound_like_the_whole(wav2vec: Wav2Vec2Model) -> None:
    """Attention reaches over everything, so that the two are close, not equal; without margins they are far apart."""
    waveform = speech(200 * SAMPLES_PER_FRAME)
    whole = heard_at_once(wav2vec, waveform)

    def largest_difference(margin_frames: int) -> float:
        blocks = SpeechFeatures(wav2vec, waveform, block_frames=100, margin_frames=margin_frames)
        return float((blocks.window(range(200)) - whole).abs().mean())

    assert largest_difference(margin_frames=100) < 1e-6
    assert largest_difference(margin_frames=50) < 0.2 * float(whole.abs().mean())
    assert largest_difference(margin_frames=50) < largest_difference(margin_frames=0)


def test_frames_may_be_asked_for_in_any_order(wav2vec: Wav2Vec2Model) -> None:
    features = SpeechFeatures(wav2vec, speech(60 * SAMPLES_PER_FRAME), block_frames=25, margin_frames=10)
    in_order = features.window(range(60))

    assert torch.equal(features.window([59, 3, 30, 26, 0]), in_order[[59, 3, 30, 26, 0]])


def test_a_frames_neighbours_are_the_frames_beside_it_also_across_blocks(wav2vec: Wav2Vec2Model) -> None:
    features = SpeechFeatures(wav2vec, speech(50 * SAMPLES_PER_FRAME), block_frames=50, margin_frames=10)

    window = features.window(range(50))

    assert torch.equal(window[10, 0], window[8, 2])
    assert torch.equal(window[10, 4], window[12, 2])


def test_the_first_and_the_last_frame_repeat_themselves_as_neighbours() -> None:
    stacked = stack_neighbours(torch.arange(4.0).view(4, 1, 1)).squeeze()

    assert stacked.tolist() == [[0, 0, 0, 1, 2], [0, 0, 1, 2, 3], [0, 1, 2, 3, 3], [1, 2, 3, 3, 3]]


@pytest.mark.parametrize("extra_samples", [-319, 0, 319], ids=["shorter", "whole", "longer"])
def test_the_last_frame_is_there_whatever_its_share_of_the_recording(
    wav2vec: Wav2Vec2Model, extra_samples: int
) -> None:
    waveform = speech(120 * SAMPLES_PER_FRAME + extra_samples)
    features = SpeechFeatures(wav2vec, waveform, block_frames=50, margin_frames=10)

    assert waveform.num_frames == 120
    assert features.window([119]).isfinite().all()


def test_the_last_block_may_be_a_single_frame(wav2vec: Wav2Vec2Model) -> None:
    features = SpeechFeatures(wav2vec, speech(101 * SAMPLES_PER_FRAME), block_frames=50, margin_frames=10)

    assert features.window([100]).shape == (1, 5, LAYERS, WIDTH)


def test_no_more_than_two_blocks_are_held_and_the_least_used_one_goes(wav2vec: Wav2Vec2Model) -> None:
    features = SpeechFeatures(wav2vec, speech(100 * SAMPLES_PER_FRAME), block_frames=25, margin_frames=5)

    held = []
    for frame in (0, 30, 0, 60, 99):
        features.window([frame])
        held.append(sorted(features.blocks))

    assert held == [[0], [0, 1], [0, 1], [0, 2], [2, 3]]


def test_a_block_of_ten_minutes_is_no_larger_than_one_of_a_minute(wav2vec: Wav2Vec2Model) -> None:
    heard: list[int] = []
    hook = wav2vec.feature_extractor.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0].shape[-1]))
    long = SpeechFeatures(wav2vec, speech(15_000 * SAMPLES_PER_FRAME))

    try:
        block = long.window([14_000])
    finally:
        hook.remove()

    assert heard == [(BLOCK_FRAMES + 2 * 50) * SAMPLES_PER_FRAME]
    assert block.shape == (1, 5, LAYERS, WIDTH)


def test_silence_is_normalised_to_silence() -> None:
    assert not normalise(np.zeros(1000, np.float32)).any()


@pytest.mark.parametrize("num_frames", [1000, 1001])
def test_each_block_is_heard_once_while_stretches_pass(wav2vec: Wav2Vec2Model, num_frames: int) -> None:
    heard: list[int] = []
    hook = wav2vec.feature_extractor.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0].shape[-1]))
    features = SpeechFeatures(wav2vec, speech(num_frames * SAMPLES_PER_FRAME), block_frames=50, margin_frames=5)

    try:
        for stretch in stretches(WindowSchedule.LINEAR, num_frames, 12, 4):
            features.window(stretch.frames)
    finally:
        hook.remove()

    assert len(heard) == -(-num_frames // 50)


def test_a_waveform_in_a_file_is_heard_as_one_in_memory(wav2vec: Wav2Vec2Model) -> None:
    in_memory = speech(120 * SAMPLES_PER_FRAME + 37)
    in_file = Waveform.in_file(in_memory.samples)

    heard = [
        SpeechFeatures(wav2vec, waveform, block_frames=50, margin_frames=10).window(range(120))
        for waveform in (in_memory, in_file)
    ]

    assert torch.equal(*heard)
    assert np.array_equal(in_file.part(17, 4000), in_memory.samples[17:4000])
    assert (in_file.num_frames, in_file.seconds) == (in_memory.num_frames, in_memory.seconds)


def test_a_long_recording_is_normalised_as_a_whole_without_being_copied(wav2vec: Wav2Vec2Model) -> None:
    whole = speech(300 * BLOCK_FRAMES // 25 * SAMPLES_PER_FRAME).samples + np.float32(0.02)
    features = SpeechFeatures(wav2vec, Waveform(whole), block_frames=50)

    tracemalloc.start()
    try:
        level = features.level
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert np.allclose(level.normalise(whole), (whole - whole.mean()) / whole.std(), atol=1e-4)
    assert most_bytes < whole.nbytes / 10

"""Lost details come back where they belong, and nowhere else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmgt_core.config import MMGT_512, MMGT_DEMO, SamplingOptions
from mmgt_core.keypoints import CANVAS_SIZE, Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.pictures import scaled
from mmgt_core.pipelines.portrait_details import PortraitDetails, at_rest
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.types import PoseSequence, UInt8Array, Waveform
from tests.small_preset import SMALL

SIDE = 64


def pictures() -> tuple[UInt8Array, UInt8Array]:
    """A portrait (a blob with a fine pattern on a plain ground), and the same without its pattern."""
    rows, columns = np.indices((SIDE, SIDE), dtype=np.float32)
    blob = np.exp(-((rows - 30) ** 2 + (columns - 26) ** 2) / 120)
    drawn = (60 + 150 * blob)[..., None].repeat(3, axis=2)
    pattern = 12 * ((rows // 2 + columns // 2) % 2 * 2 - 1) * (blob > 0.4)
    return (drawn + pattern[..., None]).round().astype(np.uint8), drawn.round().astype(np.uint8)


def shifted(picture: UInt8Array, by: int) -> UInt8Array:
    return np.roll(picture, by, axis=1)


def mean_error(a: UInt8Array, b: UInt8Array) -> float:
    return float(np.abs(a.astype(np.float32) - b).mean())


def test_a_frame_that_shows_what_was_drawn_becomes_the_portrait() -> None:
    portrait, drawn = pictures()

    (restored,) = PortraitDetails(portrait, drawn).restored(iter([drawn]))

    assert mean_error(restored, portrait) < 0.1
    assert mean_error(drawn, portrait) > 1


def test_details_move_with_what_they_belong_to() -> None:
    portrait, drawn = pictures()

    (restored,) = PortraitDetails(portrait, drawn).restored(iter([shifted(drawn, 4)]))

    assert mean_error(restored, shifted(portrait, 4)) < 0.4 * mean_error(shifted(drawn, 4), shifted(portrait, 4))


def test_a_frame_that_shows_something_else_is_left_alone() -> None:
    portrait, drawn = pictures()
    other = drawn.copy()
    other[..., 0] //= 3  # the same shape in a colour that the portrait has nowhere

    (restored,) = PortraitDetails(portrait, drawn).restored(iter([other]))

    assert mean_error(restored, other) < 0.1 * mean_error(drawn, portrait)


def test_every_frame_comes_out_once_and_in_order() -> None:
    portrait, drawn = pictures()
    frames = [np.full_like(drawn, 40 * index) for index in range(5)]

    restored = list(PortraitDetails(portrait, drawn).restored(iter(frames)))

    assert [int(frame[0, 0, 0]) for frame in restored] == pytest.approx([0, 40, 80, 120, 160], abs=1)


def test_restored_frames_are_at_rest_where_nothing_moves() -> None:
    portrait, drawn = pictures()
    brighter = drawn + np.uint8(2)

    first, second = PortraitDetails(portrait, drawn).restored(iter([drawn, brighter]))

    assert np.array_equal(first, second)


def test_small_changes_are_held_and_large_ones_pass_at_once() -> None:
    last = np.full((SIDE, SIDE, 3), 100, np.float32)
    frame = last + 3
    frame[20:40, 20:40] = 200

    held = at_rest(frame, last)

    assert (held[:10] == 100).all()
    assert (held[25:35, 25:35] == 200).all()


@pytest.fixture
def pipeline() -> AudioToVideo:
    preset = replace(SMALL, resolution=64, is_noise_shared=True)
    return load_pipeline(preset, Path("none"), torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("is_on", [False, True])
def test_the_preset_says_whether_frames_get_the_details_of_the_portrait_as_drawn_in_its_own_pose(
    pipeline: AudioToVideo, monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    numbers, options = np.random.default_rng(0), SamplingOptions(num_inference_steps=1)
    image = numbers.integers(0, 256, (CANVAS_SIZE, CANVAS_SIZE, 3)).astype(np.uint8)
    own_pose, *poses = numbers.uniform(100, 400, (4, 134, 3)).astype(np.float32)
    made: list[PortraitDetails] = []

    def note(details: PortraitDetails, frames: object) -> object:
        made.append(details)
        return frames

    def drawn(chosen: AudioToVideo, *keypoints: Float32Array) -> list[UInt8Array]:
        speech = Waveform(np.zeros(len(keypoints) * 640, np.float32))
        return list(chosen.frames(image, own_pose, PoseSequence(np.stack(keypoints)), speech, options, RunControl()))

    monkeypatch.setattr(PortraitDetails, "restored", note)
    frames = drawn(replace(pipeline, preset=replace(pipeline.preset, has_portrait_details=is_on)), *poses)

    assert len(frames) == 3
    assert len(made) == is_on
    for details in made:
        assert np.array_equal(details.portrait, scaled(image, 64))
        assert np.array_equal(details.drawn, *drawn(pipeline, own_pose))
        assert not np.array_equal(details.drawn, *drawn(pipeline, poses[0]))
    assert (MMGT_512.has_portrait_details, MMGT_DEMO.has_portrait_details) == (False, True)

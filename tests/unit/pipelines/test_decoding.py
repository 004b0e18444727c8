"""Latents become frames some at a time, each frame as if it were alone."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmgt_core.config import MMGT_DEMO
from mmgt_core.errors import Cancelled
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.pose_to_video import PoseToVideo
from mmgt_core.pipelines.progress import Progress, RunControl
from tests.small_preset import SMALL

NUM_FRAMES = 10
PORTRAIT = Path(__file__).parents[3] / "samples" / "presenters" / "man.png"


@pytest.fixture(scope="module")
def render() -> PoseToVideo:
    preset = replace(SMALL, resolution=64)
    render = load_pipeline(preset, Path("none"), torch.device("cpu"), torch.float32).pose_to_video
    render.vae.float()  # of bfloat16's own errors nothing is said here
    return render


@pytest.fixture(scope="module")
def latents(render: PoseToVideo) -> torch.Tensor:
    channels = render.denoising_unet.conv_in.in_channels
    return torch.randn((1, channels, NUM_FRAMES, 8, 8), generator=torch.Generator().manual_seed(0))


def test_each_frame_is_as_if_it_were_decoded_alone(render: PoseToVideo, latents: torch.Tensor) -> None:
    found = list(render.decode([latents], NUM_FRAMES, RunControl()))

    assert len(found) == NUM_FRAMES
    for index, frame in enumerate(found):
        (alone,) = render.decode([latents[:, :, [index]]], 1, RunControl())
        assert frame.shape == alone.shape
        assert frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - alone).max() <= 1  # sums in another order, 3e-6, may round the other way
    assert np.abs(found[0].astype(int) - found[-1]).max() > 1


def test_every_frame_that_was_taken_is_told(render: PoseToVideo, latents: torch.Tensor) -> None:
    told: list[Progress] = []

    for _ in render.decode([latents], NUM_FRAMES, RunControl(told.append)):
        pass

    assert [progress.step for progress in told] == list(range(NUM_FRAMES + 1))
    assert {progress.steps for progress in told} == {NUM_FRAMES}


def test_stretches_are_told_as_one_video_and_the_next_is_asked_for_when_the_last_has_left(
    render: PoseToVideo, latents: torch.Tensor
) -> None:
    told: list[Progress] = []
    asked_at: list[int] = []
    num_left = 0

    def stretches() -> Iterator[torch.Tensor]:
        for stretch in latents.split([6, 4], dim=2):
            asked_at.append(num_left)
            yield stretch

    for _ in render.decode(stretches(), NUM_FRAMES, RunControl(told.append)):
        num_left += 1

    assert asked_at == [0, 6]
    assert [progress.step for progress in told] == list(range(NUM_FRAMES + 1))


def test_who_stops_the_run_gets_no_further_frame(render: PoseToVideo, latents: torch.Tensor) -> None:
    is_stopped: list[bool] = []
    frames = render.decode([latents], NUM_FRAMES, RunControl(is_cancelled=lambda: bool(is_stopped)))
    next(frames)

    is_stopped.append(True)

    with pytest.raises(Cancelled):
        next(frames)


def test_no_more_than_two_groups_of_frames_are_decoded_before_the_first_is_taken(
    render: PoseToVideo, latents: torch.Tensor
) -> None:
    decoded: list[int] = []
    handle = render.vae.post_quant_conv.register_forward_hook(lambda _, given, __: decoded.append(len(given[0])))

    next(render.decode([latents], NUM_FRAMES, RunControl()))
    handle.remove()

    assert decoded == [4, 4]


def test_in_bfloat16_pictures_stay_within_40_decibels_of_float32() -> None:
    render = load_pipeline(MMGT_DEMO, Path("none"), torch.device("cpu"), torch.float32).pose_to_video
    portrait = np.asarray(Image.open(PORTRAIT).convert("RGB"))
    latents = render.encode(portrait, MMGT_DEMO.resolution)

    exact, rounded = (
        replace(render, vae=copy.deepcopy(render.vae).to(dtype)).decode_frame(latents)
        for dtype in (torch.float32, torch.bfloat16)
    )

    assert not torch.equal(exact, rounded)
    assert 10 * torch.log10(1 / ((exact - rounded) ** 2).mean()) > 40  # 59.6 on frames of a video

"""The fastest way to call the denoising UNet is chosen by measuring; once compiled, it is compiled for every call."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmgt_core.config import SamplingOptions
from mmgt_core.execution.execution import PLAIN, AttentionKernel, Execution
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.types import RegionWeights
from mmgt_core.warm_up.caught import Portrayed, at_once
from mmgt_core.warm_up.choosing import with_fastest_calls
from tests.small_preset import SMALL

TINY = replace(SMALL, resolution=32, unet=replace(SMALL.unet, block_out_channels=(32, 64)))
"""Two levels: every kind of layer, and a graph that is made in seconds."""


@pytest.fixture(scope="module")
def pipeline() -> AudioToVideo:
    return load_pipeline(TINY, Path("none"), torch.device("cpu"), torch.float32)


@pytest.fixture(autouse=True)
def one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU; a CPU calls small networks in two threads."""
    monkeypatch.setattr("mmgt_core.pipelines.pose_to_video.calls_at_once", lambda network: 1)


def as_told(plain_ms: float, kernels_ms: dict[AttentionKernel, float], compiled_ms: float) -> Callable[[Any], float]:
    """A clock that knows what it is asked for, in the order in which it is asked."""
    told = iter([plain_ms, *(kernels_ms.get(kernel, plain_ms) for kernel in AttentionKernel), 1.0, compiled_ms])
    return lambda call: next(told)


def not_compiled(network: nn.Module) -> nn.Module:
    return network


def fails(network: nn.Module) -> Callable[..., torch.Tensor]:
    def call(*arguments: Any, **named: Any) -> torch.Tensor:
        raise RuntimeError("no compiler")

    return call


def wrong(network: nn.Module) -> Callable[..., torch.Tensor]:
    return lambda *arguments, **named: 1.02 * network(*arguments, **named)  # 34 decibel


def test_the_plain_way_stays_where_nothing_is_faster(pipeline: AudioToVideo) -> None:
    chosen = with_fastest_calls(pipeline, as_told(10.0, {}, 10.0), not_compiled)

    assert chosen.pose_to_video.execution == PLAIN


def test_the_fastest_kernel_and_the_compiled_network_are_taken_together(pipeline: AudioToVideo) -> None:
    chosen = with_fastest_calls(pipeline, as_told(10.0, {AttentionKernel.EFFICIENT: 8.0}, 5.0), not_compiled)

    assert chosen.pose_to_video.execution == Execution(AttentionKernel.EFFICIENT, is_compiled=True)


@pytest.mark.parametrize("compiled", [fails, wrong])
def test_what_cannot_run_or_predicts_something_else_is_not_taken_however_fast(
    pipeline: AudioToVideo, compiled: Callable[[nn.Module], Any]
) -> None:
    chosen = with_fastest_calls(pipeline, as_told(10.0, {AttentionKernel.FLASH: 9.0}, 0.1), compiled)

    assert chosen.pose_to_video.execution == Execution(AttentionKernel.FLASH)
    assert chosen.pose_to_video.denoising_unet is pipeline.pose_to_video.denoising_unet


def test_every_call_of_a_render_runs_compiled_whatever_its_length_guidance_and_region_weights(
    pipeline: AudioToVideo,
) -> None:
    ran: list[int] = []

    def counting(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Callable[..., Any]:
        number = len(set(ran)) + 1

        def run(*given: Any) -> Any:
            ran.append(number)
            return graph.forward(*given)

        return run

    def compiled(network: nn.Module) -> Any:
        return torch.compile(network, fullgraph=True, dynamic=False, backend=counting)

    chosen = with_fastest_calls(pipeline, as_told(10.0, {}, 1.0), compiled)
    calls: list[int] = []
    chosen.pose_to_video.denoising_unet.register_forward_pre_hook(lambda *_: calls.append(1))
    ran.clear()
    for num_frames, guidance_scale, region_weights in (
        (14, 3.5, RegionWeights()),
        (21, 2.0, RegionWeights(0.5, 1.5, 2.5)),
        (14, 1.0, RegionWeights()),
    ):
        render(chosen, num_frames, guidance_scale, region_weights)

    assert len(calls) >= 2 * (2 + 3 + 2)
    assert len(ran) == len(calls)
    assert len(set(ran)) == 2, "one graph with unconditional rows, one without"


def render(pipeline: AudioToVideo, num_frames: int, guidance_scale: float, region_weights: RegionWeights) -> None:
    person = Portrayed.of(num_frames)
    options = SamplingOptions(num_inference_steps=2, guidance_scale=guidance_scale, region_weights=region_weights)
    poses = at_once(person.poses)
    frames = pipeline.frames(person.image, person.keypoints, poses, person.waveform, options, RunControl())
    assert sum(1 for _ in frames) == num_frames

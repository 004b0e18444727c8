"""Which way of calling the denoising UNet is fastest on this GPU: tried and timed before the first job, in minutes."""

import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from mmgt_core.execution.execution import PLAIN, AttentionKernel, Execution
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.warm_up.caught import GUIDED, UNGUIDED, WindowCall, window_call

logger = logging.getLogger(__name__)

Call = Callable[[], torch.Tensor]
_WARM_UP, _TIMES = 2, 5
LEAST_GAIN = 1.02
"""What chance alone makes of two equal times."""
LEAST_DECIBEL = 40.0
"""Power of the plain prediction over that of the difference from it; half precision itself must keep so much."""


def device_ms(call: Call) -> float:
    """Median milliseconds of a call to its end on the GPU."""
    took = []
    for _ in range(_WARM_UP + _TIMES):
        torch.cuda.synchronize()
        began = time.perf_counter()
        call()
        torch.cuda.synchronize()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took[_WARM_UP:])


def compiled_whole(network: nn.Module) -> Any:  # noqa: ANN401 - torch calls it a module, and types it as nothing
    """The network compiled without a break, anew for each shape."""
    return torch.compile(network, fullgraph=True, dynamic=False)


def with_fastest_calls(
    pipeline: AudioToVideo,
    ms: Callable[[Call], float] = device_ms,
    compiled: Callable[[nn.Module], Any] = compiled_whole,
) -> AudioToVideo:
    """The same pipeline, its denoising UNet called in the way that is fastest here and predicts the same.

    Args:
        pipeline: as it was loaded.
        ms: milliseconds of a call.
        compiled: what compiles a network.
    """
    guided, unguided = (window_call(pipeline, scale) for scale in (GUIDED, UNGUIDED))
    plain_ms = ms(guided)
    reference = guided().float()
    execution, least_ms = PLAIN, plain_ms
    network: Any = guided.network
    for kernel in AttentionKernel:
        tried_ms = _tried(Execution(kernel), guided, reference, ms)
        if tried_ms * LEAST_GAIN < least_ms:
            execution, least_ms = Execution(kernel), tried_ms
    whole = compiled(network)
    is_compiled = _tried(execution, replace(unguided, network=whole), unguided().float(), ms) < float("inf")
    compiled_ms = _tried(execution, replace(guided, network=whole), reference, ms)
    if is_compiled and compiled_ms * LEAST_GAIN < least_ms:
        execution, least_ms, network = replace(execution, is_compiled=True), compiled_ms, whole
    logger.info("execution_chosen %s plain_ms=%.1f chosen_ms=%.1f", execution, plain_ms, least_ms)
    render = replace(pipeline.pose_to_video, denoising_unet=network, execution=execution)
    return replace(pipeline, pose_to_video=render)


def _tried(execution: Execution, call: WindowCall, reference: torch.Tensor, ms: Callable[[Call], float]) -> float:
    """Milliseconds of a call in one way; infinite where it cannot run so, or predicts something else."""
    try:
        with execution.calling():
            difference = (call().float() - reference).square().mean()
            decibel = 10 * torch.log10(reference.square().mean() / difference.clamp(min=1e-30))
            return ms(call) if decibel >= LEAST_DECIBEL else float("inf")
    except Exception as error:  # a kernel, a compiler or the memory that is not there: the plain way is
        logger.warning("execution_not_possible %s %s: %s", execution, type(error).__name__, str(error)[:500])
        return float("inf")

"""What `make gpu-check` measures, part by part; each gives plain numbers, and none stands on another's success."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.attention import sdpa_kernel
from torch.profiler import ProfilerActivity, profile

from mmgt_core.bench import training_step
from mmgt_core.bench.ceiling import copy_ceiling, matrix_ceiling
from mmgt_core.bench.clips import ways
from mmgt_core.bench.operations import counted
from mmgt_core.bench.spread import seconds_of, settle
from mmgt_core.config import BASELINE_FEATURES, MMGT_DEMO, Preset, SamplingOptions
from mmgt_core.execution.execution import AttentionKernel, Execution, kernel_order
from mmgt_core.keypoints import Float32Array
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.types import FPS, SAMPLES_PER_FRAME, PoseSequence
from mmgt_core.unet.conditions import joined_windows
from mmgt_core.warm_up.caught import GUIDED, UNGUIDED, WINDOW_FRAMES, Portrayed, WindowCall, at_once, window_call

Told = dict[str, Any]
_GIB, _TERA = 2**30, 1e12
_PADDED_HEAD = 64
_RUN_IN_BASELINE = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1));"
    "runpy.run_module('mmgt_core.bench.published', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Check:
    """What is checked and where. work: for weights and what the published arithmetic writes. baseline: its package.

    times: how often a call is timed. clip_frames, long_frames: of the two clips whose peak memory is compared.
    backend: that compiles. matrix_side: of the products that tell the ceiling; None: as large as it takes.
    """

    preset: Preset
    device: torch.device
    dtype: torch.dtype
    work: Path
    baseline: Path
    times: int
    clip_frames: int
    long_frames: int
    backend: str
    matrix_side: int | None

    @property
    def weights(self) -> Path:
        """Random ones, that both versions read."""
        return self.work / "weights"

    @cached_property
    def pipeline(self) -> AudioToVideo:
        """This version with those weights; stage 1 hears without the libraries of sound."""
        pipeline = load_pipeline(self.preset, self.weights, self.device, self.dtype)
        return _hearing_nothing(pipeline)

    @cached_property
    def guided(self) -> WindowCall:
        """One guided call at full size."""
        return window_call(self.pipeline, GUIDED)

    @cached_property
    def ceiling(self) -> float:
        """Operations a second in the networks' type."""
        return matrix_ceiling(self.device, self.dtype, self.matrix_side)

    def ms(self, call: Callable[[], object]) -> float:
        """Median milliseconds of a call."""
        with torch.inference_mode():
            return round(1000 * seconds_of(call, self.device, self.times).median, 3)


def _hearing_nothing(pipeline: AudioToVideo) -> AudioToVideo:
    """Stage 1 with random features where a library of sound would compute them."""

    def random_features(samples: Float32Array, rate_hz: int) -> Float32Array:
        shape = (len(samples) // SAMPLES_PER_FRAME, BASELINE_FEATURES)
        return np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)

    return replace(pipeline, audio_to_pose=replace(pipeline.audio_to_pose, hand_made=random_features))


def machine(check: Check) -> Told:
    """What this is."""
    told: Told = {"torch": torch.__version__, "python": sys.version.split()[0], "cores": os.cpu_count()}
    if check.device.type == "cuda":
        found = torch.cuda.get_device_properties(check.device)
        told |= {"gpu": found.name, "capability": f"{found.major}.{found.minor}", "gib": found.total_memory / _GIB}
        told |= {"multiprocessors": found.multi_processor_count, "cuda": torch.version.cuda}
    return told


def ceilings(check: Check) -> Told:
    """The best that this machine does with large matrices and copies."""
    types = (torch.float16, torch.bfloat16, torch.float32)
    told = {f"{str(kind)[6:]}_tflops": matrix_ceiling(check.device, kind, check.matrix_side) / _TERA for kind in types}
    return told | {"copy_gb_s": copy_ceiling(check.device) / 1e9}


def published_arithmetic(check: Check) -> Told:
    """The arithmetic that is kept as the measure, on the same weights and numbers, in a process of its own."""
    out = check.work / "published"
    how = [sys.executable, "-W", "ignore", "-c", _RUN_IN_BASELINE, str(check.baseline.resolve()), str(check.weights)]
    what = [check.preset.name, str(check.device), str(check.dtype)[6:], str(out)]
    done = subprocess.run([*how, *what], cwd=check.work, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told: Told = json.loads(out.with_suffix(".json").read_text())
    return told


def loading(check: Check) -> Told:
    """Seconds until the networks are on the device."""
    began = time.perf_counter()
    pipeline = check.pipeline
    settle(check.device)
    weights = sum(value.nbytes for value in pipeline.pose_to_video.denoising_unet.parameters())
    return {"load_s": time.perf_counter() - began, "denoising_unet_gib": weights / _GIB}


def exact_eager(check: Check) -> Told:
    """This version's own call without compiling: time, share of the ceiling, and beside the published arithmetic."""
    published = check.work / "published"
    told: Told = {}
    for name, scale in (("guided", GUIDED), ("unguided", UNGUIDED)):
        call = window_call(check.pipeline, scale)
        with counted({"unet": call.network}) as found, torch.inference_mode():
            predicted = call()
        told[f"{name}_ms"] = took = check.ms(call)
        told[f"{name}_tflop"] = found["unet"].operations / _TERA
        told[f"{name}_of_ceiling"] = found["unet"].operations / (took / 1000) / check.ceiling
        told[f"{name}_is_finite"] = found["unet"].is_finite
        if published.with_suffix(".pt").exists():
            before = torch.load(published.with_suffix(".pt"))[name]
            told[f"{name}_db_of_published"] = decibel(before, predicted.float().cpu())
            told[f"{name}_times_faster"] = json.loads(published.with_suffix(".json").read_text())[f"{name}_ms"] / took
    return told


def half_precision(check: Check) -> Told:
    """How far a guided call in each half type is from the same call in full precision: signal over error, decibel."""
    call = check.guided
    exact = call.cast(deepcopy(call.network).float(), check.device, torch.float32)
    reference = exact().cpu()
    told: Told = {}
    for dtype in (torch.float16, torch.bfloat16):
        rounded = exact.cast(deepcopy(call.network).to(dtype), check.device, dtype)
        told[f"{str(dtype)[6:]}_db"] = decibel(reference, rounded().float().cpu())
    return told


def decibel(reference: torch.Tensor, found: torch.Tensor) -> float:
    """Power of the reference over that of the difference."""
    error = (found - reference).double().square().mean()
    return float(10 * torch.log10(reference.double().square().mean() / error.clamp(min=1e-30)))


def attention_kernels(check: Check) -> Told:
    """A guided call with each of PyTorch's attention kernels asked for first; and each shape of it by itself."""
    told: Told = {"as_it_is_ms": check.ms(check.guided)}
    for kernel in AttentionKernel:
        with Execution(kernel).calling():
            told[f"{kernel}_first_ms"] = check.ms(check.guided)
    for shape in _attention_shapes(check.guided):
        told[f"query {shape[0]} key {shape[1]}"] = dict(_kernel_times(check, *shape))
    return told


def _attention_shapes(call: WindowCall) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Of queries and keys, each once, those with most to do first."""
    found = set()
    attend = F.scaled_dot_product_attention

    def noting(query: torch.Tensor, key: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:  # noqa: ANN401
        found.add((tuple(query.shape), tuple(key.shape)))
        return attend(query, key, *rest, **named)

    with _standing_in(F, "scaled_dot_product_attention", noting):
        call()
    return sorted(found, key=lambda shapes: -int(np.prod(shapes[0])) * shapes[1][-2])[:6]


@contextmanager
def _standing_in(module: Any, name: str, function: Any) -> Iterator[None]:  # noqa: ANN401
    """Only while shapes are looked at."""
    before = getattr(module, name)
    setattr(module, name, function)
    try:
        yield
    finally:
        setattr(module, name, before)


def _kernel_times(check: Check, query: tuple[int, ...], key: tuple[int, ...]) -> Iterator[tuple[str, float | str]]:
    queries, keys, values = (torch.randn(shape, device=check.device, dtype=check.dtype) for shape in (query, key, key))
    head = query[-1]
    for kernel in AttentionKernel:
        for label, pad in (("", 0), (f" padded to {_PADDED_HEAD}", _PADDED_HEAD - head)):
            if pad < 0 or (label and not pad):
                continue

            def call(pad: int = pad, kernel: AttentionKernel = kernel) -> torch.Tensor:
                wide = (F.pad(tensor, (0, pad)) if pad else tensor for tensor in (queries, keys, values))
                with sdpa_kernel(kernel_order(kernel)[0]):
                    query, key, value = wide
                    return F.scaled_dot_product_attention(query, key, value, scale=head**-0.5)[..., :head]

            try:
                yield kernel + label, check.ms(call)
            except RuntimeError as error:
                yield kernel + label, str(error).splitlines()[0][:120]


def compiled_unet(check: Check) -> Told:
    """A guided call compiled: seconds to compile, time, and how far from eager."""
    call = check.guided
    before = call().float()
    told: Told = {"eager_ms": check.ms(call)}
    network: Any = torch.compile(call.network, fullgraph=True, dynamic=False, backend=check.backend)
    compiled = replace(call, network=network)
    began = time.perf_counter()
    after = compiled().float()
    settle(check.device)
    told |= {"compile_s": time.perf_counter() - began, "db_of_eager": decibel(before, after)}
    return told | {"compiled_ms": check.ms(compiled)}


def compiled_smga(check: Check) -> Told:
    """Stage 1's guided step: eager, compiled, compiled and replayed as a graph."""
    stage_1 = check.pipeline.audio_to_pose
    smga = stage_1.smga
    features, frames = smga.condition_projection.in_features, stage_1.segment_frames
    with torch.inference_mode(), check.device:
        noisy, first = torch.randn(1, frames, smga.pose_features), torch.randn(2, smga.pose_features)
        speech = smga.encode_condition(torch.randn(1, frames, features), torch.tensor([True, False]))
        segment = smga.prepare(first, speech)
        times = smga.at_times(torch.full((2,), 500), segment)
    told: Told = {"eager_ms": check.ms(lambda: smga.denoise(noisy, segment, times))}
    for mode in ("default", "reduce-overhead") if check.backend == "inductor" else (None,):
        step = torch.compile(smga.denoise, fullgraph=True, dynamic=False, mode=mode, backend=check.backend)
        began = time.perf_counter()
        with torch.inference_mode():
            step(noisy, segment, times)
        settle(check.device)
        told[f"{mode or check.backend}_compile_s"] = time.perf_counter() - began
        told[f"{mode or check.backend}_ms"] = check.ms(lambda: step(noisy, segment, times))  # noqa: B023 - called here
    return told


def windows_a_call(check: Check) -> Told:
    """Milliseconds a window of guided calls with several windows: first their unconditional rows, then the others."""
    call = check.guided
    latents, timestep, clip, window = call.arguments
    told: Told = {}
    for number in (1, 2, 4):
        rows = latents.repeat_interleave(number, dim=0)
        given = (rows, timestep, clip.for_rows(number), joined_windows([window] * number))
        told[f"{number}_ms"] = check.ms(WindowCall(call.network, given, {})) / number
        told[f"{number}_gib"] = _peak_gib(check, WindowCall(call.network, given, {}))
    return told


def _peak_gib(check: Check, call: Callable[[], object]) -> float:
    """The most that a call holds on a GPU, weights included."""
    if check.device.type != "cuda":
        return 0.0
    torch.cuda.reset_peak_memory_stats(check.device)
    call()
    return torch.cuda.max_memory_allocated(check.device) / _GIB


def decoding(check: Check) -> Told:
    """Milliseconds a frame of the decoder at several frames a call."""
    render, side = check.pipeline.pose_to_video, check.preset.latent_size
    channels = render.denoising_unet.conv_in.in_channels
    told: Told = {}
    for batch in (1, 4, 8):
        latents = torch.randn(batch, channels, side, side, device=check.device)
        told[f"{batch}_a_call_ms"] = check.ms(lambda: render.decode_frame(latents)) / batch  # noqa: B023 - called here
    return told


def clips(check: Check) -> Told:
    """Whole clips, each way that the preset has: seconds, stages, peak; then one step of a long one."""
    told: Told = {}
    for name, options in ways(check.pipeline).items():
        told[name] = _clip(check, check.clip_frames, options)
    once = SamplingOptions(num_inference_steps=1, pose_inference_steps=2)
    told["one step"] = _clip(check, check.clip_frames, once)
    told["one step, long"] = _clip(check, check.long_frames, once)
    return told


def _clip(check: Check, num_frames: int, options: SamplingOptions) -> Told:
    person, control = Portrayed.of(num_frames), RunControl()
    if check.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(check.device)
    began = time.perf_counter()
    poses: PoseSequence = check.pipeline.audio_to_pose(person.keypoints, person.waveform, options, control)
    frames = check.pipeline.frames(person.image, person.keypoints, at_once(poses), person.waveform, options, control)
    first_s, done = 0.0, 0
    for _ in frames:
        done += 1
        first_s = first_s or time.perf_counter() - began
    settle(check.device)
    told: Told = {"frames": done, "seconds": time.perf_counter() - began, "first_frame_s": first_s}
    told["real_time_factor"] = told["seconds"] / (num_frames / FPS)
    told["stages"] = {stage.value: round(seconds, 3) for stage, seconds in control.stage_seconds.items()}
    if check.device.type == "cuda":
        told["allocated_gib"] = torch.cuda.max_memory_allocated(check.device) / _GIB
        told["reserved_gib"] = torch.cuda.max_memory_reserved(check.device) / _GIB
    return told


def small_preset(check: Check) -> Told:
    """The trained small preset's frames on this device, in full and half precision, beside those of the CPU: PSNR."""
    person = Portrayed.of(WINDOW_FRAMES)

    def frames(device: torch.device, dtype: torch.dtype) -> np.ndarray[Any, Any]:
        pipeline = load_pipeline(MMGT_DEMO, check.work / "none", device, dtype)
        options, control = SamplingOptions(), RunControl()
        made = pipeline.frames(person.image, person.keypoints, at_once(person.poses), person.waveform, options, control)
        return np.stack([frame.image for frame in made]).astype(np.float64)

    reference = frames(torch.device("cpu"), torch.float32)
    told: Told = {}
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        error = np.square(frames(check.device, dtype) - reference).mean()
        told[f"{str(dtype)[6:]}_psnr_db"] = float(10 * np.log10(255**2 / max(error, 1e-9)))
    return told


def kernel_profile(check: Check) -> Told:
    """Where a guided call's time goes: the kernels that take most of it, and their share."""
    call = check.guided
    call()
    activity = ProfilerActivity.CUDA if check.device.type == "cuda" else ProfilerActivity.CPU
    with profile(activities=[activity]) as watched:
        call()
        settle(check.device)
    on_device = check.device.type == "cuda"

    def took(event: Any) -> float:  # noqa: ANN401 - the profiler's own
        return float(event.self_device_time_total if on_device else event.self_cpu_time_total)

    events = sorted(watched.key_averages(), key=took, reverse=True)
    whole = sum(map(took, events)) or 1.0
    launches = sum(event.count for event in events)
    top = {event.key[:100]: {"share": took(event) / whole, "count": event.count} for event in events[:20]}
    return {"whole_ms": whole / 1000, "launches": launches, "top": top}


def training(check: Check) -> Told:
    """One training step of stage 2's second process, as published."""
    began = time.perf_counter()
    training_step.main(["video"], check.preset)
    return {"wall_s": time.perf_counter() - began}


PARTS: Mapping[str, tuple[Callable[[Check], Told], int]] = {
    "machine": (machine, 10),
    "ceilings": (ceilings, 30),
    "published_arithmetic": (published_arithmetic, 120),
    "loading": (loading, 60),
    "exact_eager": (exact_eager, 40),
    "half_precision": (half_precision, 40),
    "small_preset": (small_preset, 60),
    "attention_kernels": (attention_kernels, 60),
    "windows_a_call": (windows_a_call, 30),
    "decoding": (decoding, 30),
    "clips": (clips, 150),
    "kernel_profile": (kernel_profile, 30),
    "compiled_smga": (compiled_smga, 60),
    "compiled_unet": (compiled_unet, 150),
    "training": (training, 60),
}
"""In this order; and the seconds that each may take."""

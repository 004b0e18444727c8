"""The method behind the service: its networks resident on one device, rendering one job at a time.

Imported only in a render worker's pool child: it is what brings torch into the process and touches the GPU.
"""

import gc
import json
import os
import wave
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from jobs.job import POSES_SIZE, JobOptions, Notice
from jobs.patience import patiently
from jobs.settings import Settings
from mmgt_core.audio.hand_made import HandMade, heard_here
from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.config import Preset, SamplingOptions
from mmgt_core.errors import InputCode, InputError, InputWarning
from mmgt_core.keypoints import CANVAS_SIZE, NUM_KEYPOINTS
from mmgt_core.load import load_pipeline
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.frame_receiver import FrameReceiver
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.output_files import POSE_FILES, Extra, Outputs, Until, of_backdrop
from mmgt_core.pipelines.progress import Progress, RunControl, Stage
from mmgt_core.pipelines.windows import segment_starts
from mmgt_core.pose.framing import SquareFrame
from mmgt_core.pose_sampling import PoseWishes, StartPose
from mmgt_core.processor import settle_on_cores
from mmgt_core.quality import Quality
from mmgt_core.types import FPS, SAMPLE_RATE_HZ, RegionWeights, Waveform
from mmgt_core.warm_up.choosing import with_fastest_calls
from worker.errors import GpuFault, GpuNotOpened, GpuOutOfMemory, SandboxLost
from worker.gpus import AUTO, CPU
from worker.packed_inputs import unpack
from worker.pipeline import InputPaths, Prepared, Rendered
from worker.preflight import media_limits
from worker.sandbox import Sandbox

_CANARY_S = 0.5
_COMPILED_KEPT_IN = "TORCHINDUCTOR_CACHE_DIR"
_NICENESS = 10
_EXTRAS = frozenset({Extra.POSE, Extra.MASKS, Extra.KEYPOINTS, Extra.THUMBNAIL})
_GPU_FAULT_WORDS = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "CUDNN_STATUS")


class MethodPipeline:
    """One preset, loaded; inputs are decoded in a sandbox."""

    def __init__(self, pipeline: AudioToVideo, settings: Settings, sandbox: Sandbox | None) -> None:
        self._pipeline, self._settings, self._sandbox = pipeline, settings, sandbox
        self._limits = MediaLimits(**media_limits(settings.limits))

    @property
    def model(self) -> Mapping[str, Any]:
        """What `/v1/models` tells of it."""
        preset = self._pipeline.preset
        mode = SamplingOptions().video_sampling(preset)
        return {
            "id": preset.name,
            "size": f"{preset.resolution}x{preset.resolution}",
            "fps": FPS,
            "qualities": [mode.quality.value for mode in self._pipeline.modes],
            "default_quality": preset.default_quality.value,
            "is_trained": preset.is_trained,
            "num_inference_steps": mode.num_inference_steps,
            "guidance_scale": mode.guidance_scale,
            "min_seconds": self._limits.min_audio_s,
            "max_seconds": self._limits.max_audio_s,
        }

    @property
    def device(self) -> str:
        """The GPU's name, or the CPU."""
        device = self._pipeline.pose_to_video.device
        return (
            torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
        )

    def warm_up(self, folder: Path) -> None:
        """Render half a second of noise by a figure at rest: every network and the encoder run once."""
        with _named_faults():
            options = SamplingOptions(num_inference_steps=1, pose_inference_steps=1)
            self._pipeline(_canary_inputs(folder), options, Outputs(folder / "canary.mp4"), RunControl())
        if self._pipeline.pose_to_video.device.type == "cpu":
            os.nice(_NICENESS)  # from now on the service goes first; until here nothing could be rendered at all

    def prepare(self, paths: InputPaths, options: JobOptions, control: RunControl) -> Prepared:
        """Decode and check the inputs, and find the person, all in a process with limits.

        Raises:
            mmgt_core.errors.InputError
            SandboxLost
        """
        if self._sandbox is None:
            raise SandboxLost("this worker has no sandbox, and decodes nothing outside of one")
        settings, folder = self._settings, paths.image.parent
        said = paths.said and json.loads(paths.said.read_text())
        question = {
            "files": {name: str(path) for name, path in asdict(replace(paths, said=None)).items() if path is not None},
            "captions": said,
            "crop": options.crop,
            "framing": options.framing,
            "allow_silence": options.allow_silence,
            "lips": options.lips,
            "backdrop": options.backdrop,
            "limits": media_limits(settings.limits),
            "weights": str(settings.weights_folder),
            "preset": self._pipeline.preset.name,
            "output": str(folder),
        }
        ask = partial(self._sandbox.ask, question, partial(_hear, control))
        answer = patiently(ask, SandboxLost, settings.worker.start_timeout_s, control.check)
        for finding in answer["findings"]:
            raise InputError(InputCode(finding["code"]), finding["message"].removeprefix(f"{finding['param']}: "))
        inputs = unpack(answer["packed"], folder)
        starts = segment_starts(
            inputs.num_frames, self._pipeline.preset.smga.segment_frames, SamplingOptions.segment_overlap
        )
        warnings = _notices(inputs.warnings)
        width, height = inputs.video_size(self._pipeline.preset.resolution)
        size = POSES_SIZE if options.ends_with_poses else f"{width}x{height}"
        num_segments = len(starts) if inputs.needs_stage_1 else 0
        return Prepared(inputs.num_frames / FPS, num_segments, warnings, inputs, size)

    def render(
        self,
        prepared: Prepared,
        options: JobOptions,
        folder: Path,
        control: RunControl,
        receiver: FrameReceiver | None = None,
    ) -> Rendered:
        """Render into a folder."""
        until = Until(options.until)
        extras = POSE_FILES if until is Until.POSES else _EXTRAS | of_backdrop(prepared.inputs.backdrop_name)
        if until is Until.VIDEO and prepared.inputs.captions is not None:
            extras |= {Extra.CAPTIONS}
        outputs = Outputs(folder / "video.mp4", extras, receiver, until)
        with _named_faults():
            manifest = self._pipeline(prepared.inputs, sampling_options(options), outputs, control)
        files = {extra.value: outputs.path(extra) for extra in sorted(extras)}
        files |= {"video": outputs.video} if until is Until.VIDEO else {}
        warnings = (*prepared.warnings, *_notices(control.warnings.values()))
        return Rendered(files, prepared.seconds, warnings, asdict(manifest))

    def free_memory(self) -> None:
        """Give unused device memory back."""
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def memory_bytes(self) -> int:
        """Most device memory that was in use at once; 0 on a CPU."""
        return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0


def _notices(warnings: Iterable[InputWarning]) -> tuple[Notice, ...]:
    return tuple(Notice(warning.code, warning.message) for warning in warnings)


def _hear(control: RunControl, line: Mapping[str, Any]) -> None:
    """Pass on the steps over a driving video's pictures; at every line the run may be stopped."""
    if "step" in line:
        control.on_progress(Progress(Stage.DRIVING_POSES, line["step"], line["steps"]))
    control.check()


def load(settings: Settings, preset: str, sandbox: Sandbox | None, hand_made: HandMade = heard_here) -> MethodPipeline:
    """Load a preset onto the device of this process; on the CPU it leaves room for the service.

    Raises:
        GpuNotOpened
        mmgt_core.errors.WeightsError
    """
    device = open_device(settings.gpus)
    weights = settings.weights_folder
    chosen: Preset = find_preset(preset)
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    pipeline = load_pipeline(chosen, weights, device, dtype, hand_made=hand_made)
    if device.type == "cpu":
        settle_on_cores(pipeline.pose_to_video.denoising_unet)
    elif settings.worker.compile == "auto":
        os.environ.setdefault(_COMPILED_KEPT_IN, str(settings.data / "compiled"))  # a restart finds it done
        with _named_faults():
            pipeline = with_fastest_calls(pipeline)
    return MethodPipeline(pipeline, settings, sandbox)


def open_device(gpus: str) -> torch.device:
    """Return the one GPU that this process is shown, or the CPU where that was asked for or `auto` finds no GPU.

    Raises:
        GpuNotOpened
    """
    if gpus == CPU or (gpus == AUTO and not torch.cuda.is_available()):
        return torch.device("cpu")
    try:
        torch.zeros(1, device="cuda")
    except (RuntimeError, AssertionError) as error:  # the latter from a build without CUDA
        reason = str(error).split("\n")[0]
        asked_by = "MMGT_GPUS or CUDA_VISIBLE_DEVICES"
        raise GpuNotOpened(
            f"GPU {gpus} ({asked_by}) cannot be opened; PyTorch {torch.__version__}: {reason}"
        ) from error
    return torch.device("cuda")


def sampling_options(options: JobOptions) -> SamplingOptions:
    """Return the method's options; what the client left open is the core's default."""
    weights = RegionWeights(options.background_weight, options.face_hands_weight, options.lips_weight)
    return SamplingOptions(
        seed=options.seed,
        quality=None if options.quality is None else Quality(options.quality),
        num_inference_steps=options.num_inference_steps,
        guidance_scale=options.guidance_scale,
        region_weights=weights,
        pose_wishes=PoseWishes(
            options.gesture_strength,
            options.head_strength,
            options.smoothing,
            options.loop,
            StartPose(options.start_pose),
        ),
    )


@contextmanager
def _named_faults() -> Iterator[None]:
    """Give torch's errors the names that the failures table knows."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise GpuOutOfMemory(str(error).splitlines()[0]) from error
    except RuntimeError as error:
        if isinstance(error, torch.AcceleratorError) or any(word in str(error) for word in _GPU_FAULT_WORDS):
            raise GpuFault(str(error).splitlines()[0]) from error
        raise


def _canary_inputs(folder: Path) -> Inputs:
    """Silence with a little noise, a grey picture, and points spread over it."""
    samples = np.random.default_rng(0).normal(0, 0.01, round(_CANARY_S * SAMPLE_RATE_HZ)).astype(np.float32)
    sound = folder / "canary.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((samples * 32767).astype(np.int16).tobytes())
    angles = np.linspace(0, 2 * np.pi, NUM_KEYPOINTS, endpoint=False)
    spread = CANVAS_SIZE * (0.5 + 0.3 * np.stack([np.cos(angles), np.sin(angles)], axis=1))
    keypoints = np.concatenate([spread, np.ones((NUM_KEYPOINTS, 1))], axis=1).astype(np.float32)
    picture = np.full((CANVAS_SIZE, CANVAS_SIZE, 3), 128, np.uint8)
    frame = SquareFrame(0, 0, CANVAS_SIZE)
    return Inputs(picture, frame, keypoints, Waveform(samples), sound, None, ())

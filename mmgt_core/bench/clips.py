"""Whole clips, from prepared inputs to written files: how long each stage takes, when the first frame is there."""

import time
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmgt_core.bench.operations import Counted, counted, operations_of
from mmgt_core.bench.spread import Spread, settle
from mmgt_core.config import SamplingOptions
from mmgt_core.media.audio_decoding import decode_audio
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pipelines.inputs import Inputs
from mmgt_core.pipelines.output_files import Outputs
from mmgt_core.pipelines.progress import Progress, RunControl, Stage
from mmgt_core.types import SAMPLE_RATE_HZ

_INT16 = 32767
_DENOISING = ("denoising_unet", "student_unet")
_LOUD = 0.1
"""Share of the loudest sample at which speech has begun."""


@dataclass(frozen=True)
class ClipRow:
    """What one way to render costs. Seconds are of the wall; stages as the host sees them, which may overlap.

    real_time_factor: seconds of work for a second of video. operations: of each network in one clip, as executed.
    utilisation: the denoising UNet's operations over its stage's seconds, as a share of the matrix ceiling.
    """

    name: str
    num_frames: int
    seconds: Spread
    first_frame: Spread
    stages: Mapping[str, Spread]
    real_time_factor: float
    clips_per_hour: float
    operations: Mapping[str, Counted]
    utilisation: float
    is_finite: bool


@dataclass
class _Clock:
    """Notes when the first frame was decoded."""

    began: float = field(default_factory=time.perf_counter)
    first_frame: float | None = None

    def hear(self, progress: Progress) -> None:
        """Told of every step."""
        if self.first_frame is None and progress.stage is Stage.DECODING and progress.step > 0:
            self.first_frame = time.perf_counter() - self.began


@dataclass(frozen=True)
class ClipBench:
    """Renders one clip again and again; `folder` takes what is written."""

    pipeline: AudioToVideo
    inputs: Inputs
    folder: Path

    def row(self, name: str, options: SamplingOptions, ceiling: float, times: int, warm_up: int) -> ClipRow:
        """Warm up, time, and count one more clip's operations.

        Args:
            name: what this way to render is called.
            options: every sampling number.
            ceiling: operations a second that the machine can do.
            times: clips that are timed.
            warm_up: clips before them.
        """
        for _ in range(warm_up):
            self._render(options)
        rounds = [self._render(options) for _ in range(times)]
        operations = self._counted(options)
        seconds = Spread.of([took for took, _, _ in rounds])
        stages = {stage: Spread.of([told[stage] for _, _, told in rounds]) for stage in rounds[0][2]}
        in_stage = stages[Stage.VIDEO_DIFFUSION.value].median
        denoising = sum(operations[name].operations for name in _DENOISING if name in operations)
        return ClipRow(
            name=name,
            num_frames=self.inputs.num_frames,
            seconds=seconds,
            first_frame=Spread.of([first for _, first, _ in rounds]),
            stages=stages,
            real_time_factor=seconds.median / self.inputs.waveform.seconds,
            clips_per_hour=3600 / seconds.median,
            operations=operations,
            utilisation=denoising / in_stage / ceiling,
            is_finite=all(network.is_finite for network in operations.values()),
        )

    def _render(self, options: SamplingOptions) -> tuple[float, float, dict[str, float]]:
        """Seconds of the whole, to the first frame, and by stage."""
        device = self.pipeline.pose_to_video.device
        settle(device)
        clock = _Clock()
        control = RunControl(on_progress=clock.hear)
        self.pipeline(self.inputs, options, Outputs(self.folder / "clip.mp4"), control)
        settle(device)
        whole = time.perf_counter() - clock.began
        stages = {stage.value: seconds for stage, seconds in control.stage_seconds.items()}
        return whole, whole if clock.first_frame is None else clock.first_frame, stages

    def _counted(self, options: SamplingOptions) -> dict[str, Counted]:
        render = self.pipeline.pose_to_video
        networks = {
            "reference_unet": render.reference_unet,
            "pose_guider": self.pipeline.pose_guider,
            "audio_projection": self.pipeline.audio_projection,
            "vae_decoder": render.vae.decoder,
        }
        networks |= dict(zip(_DENOISING, render.denoising_unets, strict=False))
        inputs, stage_1 = self.inputs, self.pipeline.audio_to_pose
        with counted(networks) as found:
            self._render(options)
        in_stage_1 = operations_of(lambda: stage_1(inputs.initial_keypoints, inputs.waveform, options, RunControl()))
        return {"stage_1": Counted(1, in_stage_1), **found}


def speech_of(audio: Path, seconds: float, folder: Path) -> Path:
    """A recording from its first loud sample on, repeated or cut to a length: a new file."""
    heard = decode_audio(audio, MediaLimits()).waveform.samples
    spoken = heard[np.argmax(np.abs(heard) > _LOUD * np.abs(heard).max()) :]
    samples = np.resize(spoken, round(seconds * SAMPLE_RATE_HZ))
    path = folder / f"speech_{seconds}.wav"
    with wave.open(str(path), "wb") as target:
        target.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        target.writeframes((samples.clip(-1, 1) * _INT16).astype(np.int16).tobytes())
    return path


def ways(pipeline: AudioToVideo) -> dict[str, SamplingOptions]:
    """Each of a preset's quality modes that its weights have, by its name, best first."""
    has_student = pipeline.pose_to_video.student_unet is not None
    modes = [mode for mode in pipeline.preset.modes if has_student or not mode.is_distilled]
    return {mode.quality.value: SamplingOptions(quality=mode.quality) for mode in modes}

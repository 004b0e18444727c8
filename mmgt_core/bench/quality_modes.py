"""Quality against cost of ways to sample stage 2, on held-out presenters: `python -m mmgt_core.bench.quality_modes`.

Each candidate renders the same true poses and speech, from the same noise; what it gives is compared with what `exact`
gives, and with the drawn truth. Times are CPU seconds of one thread, so that other work on the machine counts little.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from mmgt_core.bench.likeness import Likeness, likeness
from mmgt_core.bench.mode_candidates import label_of, mode_candidates
from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.config import SamplingOptions
from mmgt_core.keypoints import CANVAS_SIZE
from mmgt_core.load import load_pipeline
from mmgt_core.metrics.appearance import flicker
from mmgt_core.metrics.presenter_system import PipelineSystem
from mmgt_core.pipelines.audio_to_video import AudioToVideo
from mmgt_core.pose.detector import DetectedPerson
from mmgt_core.quality import Quality, VideoSampling
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from mmgt_core.types import UInt8Array

FIRST_SEED = FIRST_HELD_OUT_SEED + 100
"""Not the presenters of the results page: modes are chosen by these."""


@dataclass
class NetworkUse:
    """What the denoising UNets did: batch rows times frames, and CPU seconds."""

    frame_rows: int = 0
    seconds: float = 0.0
    _began: float = field(default=0.0, repr=False)

    @contextmanager
    def counted(self, network: torch.nn.Module) -> Iterator[None]:
        """Count the calls of a network within the block."""

        def begin(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            self.frame_rows += inputs[0].shape[0] * inputs[0].shape[2]
            self._began = time.process_time()

        def end(*_: object) -> None:
            self.seconds += time.process_time() - self._began

        hooks = network.register_forward_pre_hook(begin), network.register_forward_hook(end)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


@dataclass(frozen=True)
class Rendering:
    """One clip by one candidate. evaluations: batch rows of the denoising UNet per frame of the video."""

    frames: UInt8Array
    cpu_s: float
    unet_cpu_s: float
    evaluations: float


@dataclass(frozen=True)
class Row:
    """One candidate over all clips: means, and medians of `exact`'s time over its own, clip by clip.

    is_own_mode: one of the preset's, not another candidate. flicker: mean change where the truth stands still, in
    levels of 255.
    """

    label: str
    is_own_mode: bool
    sampling: VideoSampling
    to_exact: Likeness
    to_truth: Likeness
    flicker: float
    cpu_s: float
    evaluations: float
    times_faster: float
    times_faster_unet: float


def rendered(pipeline: AudioToVideo, sampling: VideoSampling, clip: SyntheticClip) -> Rendering:
    """Render a clip's true poses and speech by a candidate, in the place of one of the preset's modes."""
    own = replace(sampling, quality=Quality.FAST)
    preset = replace(pipeline.preset, faster_modes=(own,), default_quality=own.quality)
    system = PipelineSystem(replace(pipeline, preset=preset), SamplingOptions(seed=clip.seed), NoDetector())
    reference = clip.render([clip.reference_frame], CANVAS_SIZE)[0]
    initial, use, began = clip.pose_sequence.keypoints[clip.reference_frame], NetworkUse(), time.process_time()
    with ExitStack() as counting:
        for network in pipeline.pose_to_video.denoising_unets:
            counting.enter_context(use.counted(network))
        frames = system.render(reference, initial, clip.pose_sequence, clip.waveform)
    return Rendering(frames, time.process_time() - began, use.seconds, use.frame_rows / len(frames))


class NoDetector:
    """Nobody is looked for: poses are the truth's."""

    def detect(self, image: UInt8Array) -> list[DetectedPerson]:
        """Find nobody."""
        return []


def measured(pipeline: AudioToVideo, candidates: Sequence[VideoSampling], clips: Sequence[SyntheticClip]) -> list[Row]:
    """Measure candidates, the first of which is `exact`: clip by clip all of them, so that a pair stands near."""
    found = [[rendered(pipeline, sampling, clip) for sampling in candidates] for clip in clips]
    return [
        _row(
            sampling,
            sampling in pipeline.modes,
            [(clip, own[0], own[index]) for clip, own in zip(clips, found, strict=True)],
        )
        for index, sampling in enumerate(candidates)
    ]


def _row(
    sampling: VideoSampling, is_own_mode: bool, pairs: Sequence[tuple[SyntheticClip, Rendering, Rendering]]
) -> Row:
    truths = [clip.render(range(len(clip.pose_sequence)), own.frames.shape[1]) for clip, _, own in pairs]
    return Row(
        label=label_of(sampling),
        is_own_mode=is_own_mode,
        sampling=sampling,
        to_exact=_mean([likeness(own.frames, exact.frames, clip.pose_sequence) for clip, exact, own in pairs]),
        to_truth=_mean(
            [
                likeness(own.frames, truth, clip.pose_sequence)
                for (clip, _, own), truth in zip(pairs, truths, strict=True)
            ]
        ),
        flicker=statistics.mean(
            flicker(own.frames, truth)[0] for (_, _, own), truth in zip(pairs, truths, strict=True)
        ),
        cpu_s=statistics.mean(own.cpu_s for _, _, own in pairs),
        evaluations=statistics.mean(own.evaluations for _, _, own in pairs),
        times_faster=statistics.median(exact.cpu_s / own.cpu_s for _, exact, own in pairs),
        times_faster_unet=statistics.median(exact.unet_cpu_s / own.unet_cpu_s for _, exact, own in pairs),
    )


def _mean(found: Sequence[Likeness]) -> Likeness:
    values = np.array([list(asdict(each).values()) for each in found])
    return Likeness(*values.mean(0).tolist())


def main(
    preset: Annotated[str, typer.Option(help="Which networks.")] = "mmgt-demo-guided",
    weights: Annotated[Path, typer.Option(help="Folder of weights.")] = Path("weights"),
    clips: Annotated[int, typer.Option(min=1, help="Held-out presenters.")] = 2,
    seconds: Annotated[float, typer.Option(help="Of each clip.")] = 2.0,
    modes: Annotated[bool, typer.Option("--modes", help="Only the preset's own modes.")] = False,
) -> None:
    """Print every candidate's row as JSON."""
    torch.set_num_threads(1)
    pipeline = load_pipeline(find_preset(preset), weights, torch.device("cpu"), torch.float32)
    shown = [synthetic_clip(FIRST_SEED + index, seconds) for index in range(clips)]
    own = {replace(mode, quality=Quality.EXACT): mode for mode in pipeline.modes}
    others = [] if modes else [each for each in mode_candidates(pipeline.preset) if each not in own]
    rows = measured(pipeline, [*own.values(), *others], shown)
    told: dict[str, Any] = {"preset": preset, "clips": clips, "seconds": seconds, "rows": [asdict(row) for row in rows]}
    json.dump(told, sys.stdout, indent=1)


if __name__ == "__main__":
    typer.run(main)

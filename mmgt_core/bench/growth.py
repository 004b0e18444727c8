"""How a generation grows with its length: `python -m mmgt_core.bench.growth RESULT.json [--lengths 10 60 300 600]`.

Each length runs in a process of its own, on the sample portrait and the sample speech repeated to it. Time is told in
CPU seconds, which a busy machine disturbs least, and in wall seconds; memory is the process's peak. With `--plot` the
result is also drawn. Set OMP_NUM_THREADS=1: threads that wait for each other count as work.
"""

import argparse
import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmgt_core.checkpoints.detector import load_detector
from mmgt_core.config import MMGT_DEMO, PRESETS, SamplingOptions
from mmgt_core.load import load_pipeline
from mmgt_core.media.limits import MediaLimits
from mmgt_core.pipelines.frame_receiver import FragmentWriter
from mmgt_core.pipelines.inputs import InputFiles, Inputs, InputWishes, prepare_inputs
from mmgt_core.pipelines.output_files import Outputs
from mmgt_core.pipelines.progress import RunControl
from mmgt_core.processor import settle_on_cores
from mmgt_core.types import UInt8Array

LENGTHS_S = (10.0, 60.0, 300.0, 600.0)
_FIRST_FRAME_FROM_S = 60.0
_MIB_BY_KIB = 1 / 1024
_STAGE_COLOURS = ("tab:blue", "tab:red", "tab:green", "tab:orange", "tab:purple", "tab:brown")
_HEADROOM = 1.08
"""Of the plots, above the largest value."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Growth:
    """What a video of one length took. Stages, first frame and total begin with the pipeline, after load and inputs."""

    seconds: float
    num_frames: int
    before_cpu_s: float
    cpu_s: float
    wall_s: float
    first_frame_cpu_s: float
    first_frame_wall_s: float
    stage_cpu_s: Mapping[str, float]
    peak_before_mib: float
    peak_mib: float


@dataclass
class FirstFrame:
    """Is given the video's frames and notes when the first one came."""

    cpu_s: float | None = None
    wall_s: float = 0.0
    began: tuple[float, float] = field(default_factory=lambda: (time.process_time(), time.monotonic()))

    def begin(self, make_writer: Callable[[], FragmentWriter]) -> None:
        """Nothing is written of them."""

    def take(self, frame: UInt8Array) -> None:
        """Note the first."""
        if self.cpu_s is None:
            self.cpu_s, self.wall_s = time.process_time() - self.began[0], time.monotonic() - self.began[1]


def measure(seconds: float, samples: Path, preset_name: str, weights: Path, folder: Path) -> Growth:
    """Make one video in this process."""
    preset = PRESETS[preset_name]
    files = InputFiles(samples / "portrait.png", repeated(samples / "speech.wav", seconds, folder / "speech.wav"))
    limits = MediaLimits(max_audio_s=seconds + 1)
    inputs: Inputs = prepare_inputs(
        files, InputWishes(), limits, lambda: load_detector(weights, preset), RunControl()
    ).with_speech_in_file()
    pipeline = load_pipeline(preset, weights, torch.device("cpu"), torch.float32)
    settle_on_cores(pipeline.pose_to_video.denoising_unet)
    before_cpu_s, before_mib, began_s = time.process_time(), peak_mib(), time.monotonic()
    first_frame, control = FirstFrame(), RunControl(clock=time.process_time)
    manifest = pipeline(inputs, SamplingOptions(), Outputs(folder / "video.mp4", receiver=first_frame), control)
    return Growth(
        seconds=seconds,
        num_frames=manifest.num_frames,
        before_cpu_s=round(before_cpu_s, 2),
        cpu_s=round(time.process_time() - before_cpu_s, 2),
        wall_s=round(time.monotonic() - began_s, 2),
        first_frame_cpu_s=round(first_frame.cpu_s or 0.0, 2),
        first_frame_wall_s=round(first_frame.wall_s, 2),
        stage_cpu_s=manifest.stage_seconds,
        peak_before_mib=round(before_mib, 1),
        peak_mib=round(peak_mib(), 1),
    )


def peak_mib() -> float:
    """Most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MIB_BY_KIB


def repeated(recording: Path, seconds: float, out: Path) -> Path:
    """A WAV recording, repeated or cut to a length."""
    with wave.open(str(recording)) as source, wave.open(str(out), "wb") as target:
        target.setparams(source.getparams())
        samples, left = source.readframes(source.getnframes()), round(seconds * source.getframerate())
        while left > 0:
            num_frames = min(left, source.getnframes())
            target.writeframes(samples[: num_frames * source.getnchannels() * source.getsampwidth()])
            left -= num_frames
    return out


def verdict(found: Sequence[Growth]) -> dict[str, float]:
    """The figures that have bounds: time per second of video against the mean, memory, the first frame."""
    rates, peaks = [growth.cpu_s / growth.seconds for growth in found], [growth.peak_mib for growth in found]
    mean = sum(rates) / len(rates)
    told = {
        "largest_departure_from_linear_time": max(abs(rate / mean - 1) for rate in rates),
        "memory_growth": max(peaks) / min(peaks) - 1,
    }
    shares = [growth.first_frame_cpu_s / growth.cpu_s for growth in found if growth.seconds >= _FIRST_FRAME_FROM_S]
    if shares:
        told["first_frame_share_of_60_s_and_more"] = max(shares)
    return {name: round(value, 4) for name, value in told.items()}


def plot(found: Sequence[Growth], path: Path) -> None:
    """Time, memory and the first frame over the length."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    seconds = [growth.seconds for growth in found]
    stages = list(dict.fromkeys(stage for growth in found for stage in growth.stage_cpu_s))
    time_axis, memory_axis, first_axis = figure.subplots(1, 3)
    by_stage = [[growth.stage_cpu_s.get(stage, 0.0) for growth in found] for stage in stages]
    time_axis.stackplot(seconds, by_stage, labels=stages, colors=_STAGE_COLOURS)
    time_axis.plot(seconds, [growth.cpu_s for growth in found], "k.-", label="all")
    time_axis.legend(fontsize="x-small")
    time_axis.set_ylabel("CPU seconds")
    memory_axis.plot(seconds, [growth.peak_mib for growth in found], "k.-")
    memory_axis.set_ylabel("peak memory, MiB")
    first_axis.plot(seconds, [growth.first_frame_cpu_s for growth in found], "k.-")
    first_axis.set_ylabel("CPU seconds to the first frame")
    for axis in (time_axis, memory_axis, first_axis):
        axis.set_xlabel("seconds of video")
        axis.set_ylim(0, _HEADROOM * axis.dataLim.ymax)
    figure.savefig(path, dpi=120)


def main(arguments: argparse.Namespace) -> None:
    """Measure each length in a process of its own and write what was found."""
    found = []
    for seconds in arguments.lengths:
        command = [sys.executable, "-m", "mmgt_core.bench.growth", "-", "--lengths", str(seconds)]
        options = ["--samples", arguments.samples, "--preset", arguments.preset, "--weights", arguments.weights]
        done = subprocess.run([*command, *map(str, options)], check=True, stdout=subprocess.PIPE, text=True)
        found.append(Growth(**json.loads(done.stdout.splitlines()[-1])))
        logger.info("%s", found[-1])
    told = {"preset": arguments.preset, "lengths": [asdict(growth) for growth in found], "verdict": verdict(found)}
    arguments.result.write_text(json.dumps(told, indent=1) + "\n")
    if arguments.plot:
        plot(found, arguments.plot)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path, help="JSON to write; - measures one length here and says it")
    parser.add_argument("--lengths", type=float, nargs="+", default=LENGTHS_S, help="seconds of video")
    parser.add_argument("--plot", type=Path, help="PNG to draw")
    parser.add_argument("--samples", type=Path, default=Path("samples"))
    parser.add_argument("--preset", choices=PRESETS, default=MMGT_DEMO.name)
    parser.add_argument("--weights", type=Path, default=Path("weights"))
    chosen = parser.parse_args()
    if str(chosen.result) != "-":
        main(chosen)
    else:
        with tempfile.TemporaryDirectory() as made:
            growth = measure(chosen.lengths[0], chosen.samples, chosen.preset, chosen.weights, Path(made))
        sys.stdout.write(json.dumps(asdict(growth)) + "\n")

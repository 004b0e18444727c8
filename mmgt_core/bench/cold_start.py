"""From nothing to a first frame: a new process that imports, prepares its inputs, loads and renders.

The process itself: `python -m mmgt_core.bench.cold_start PRESET WEIGHTS DEVICE DTYPE IMAGE AUDIO FOLDER`.
"""

import subprocess
import sys
import time
from pathlib import Path

import torch

from mmgt_core.bench.setting import Setting
from mmgt_core.bench.spread import Spread
from mmgt_core.checkpoints.folders import find_preset
from mmgt_core.config import SamplingOptions
from mmgt_core.load import load_pipeline
from mmgt_core.pipelines.output_files import Outputs
from mmgt_core.pipelines.progress import Progress, RunControl, Stage

_SIGN = "first frame"


def cold_start(setting: Setting, folder: Path, times: int) -> Spread:
    """Seconds from the start of a process to its first frame.

    Args:
        setting: what it renders.
        folder: for what it writes.
        times: how many processes, one after the other.
    """
    dtype = str(setting.dtype).removeprefix("torch.")
    values = (setting.preset.name, setting.weights, setting.device, dtype, setting.image, setting.audio, folder)
    words = [sys.executable, "-W", "ignore", "-m", "mmgt_core.bench.cold_start", *map(str, values)]
    return Spread.of([_seconds_to_sign(words) for _ in range(times)])


def _seconds_to_sign(words: list[str]) -> float:
    began = time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or _SIGN not in process.stdout.readline():
            raise RuntimeError(f"no frame came from {' '.join(words)}; it ended with {process.wait()}")
        return time.perf_counter() - began


def main(preset: str, weights: str, device: str, dtype: str, image: str, audio: str, folder: str) -> None:
    """Render once; say when the first frame is there."""
    setting = Setting(
        find_preset(preset), Path(weights), torch.device(device), getattr(torch, dtype), Path(image), Path(audio)
    )
    is_said = False

    def hear(progress: Progress) -> None:
        nonlocal is_said
        if not is_said and progress.stage is Stage.DECODING and progress.step > 0:
            is_said = True
            sys.stdout.write(_SIGN + "\n")
            sys.stdout.flush()

    inputs = setting.inputs()
    pipeline = load_pipeline(setting.preset, setting.weights, setting.device, setting.dtype)
    pipeline(inputs, SamplingOptions(), Outputs(Path(folder) / "cold.mp4"), RunControl(on_progress=hear))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`mmgt bench` itself: ceiling, loading, warm clips, cold start, one after the other; as a value and as JSON."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from mmgt_core.bench.ceiling import matrix_ceiling
from mmgt_core.bench.clips import ClipBench, ClipRow, speech_of, ways
from mmgt_core.bench.cold_start import cold_start
from mmgt_core.bench.setting import Setting
from mmgt_core.bench.spread import Spread
from mmgt_core.load import load_pipeline
from mmgt_core.training.machinery.report import device_name, peak_memory_bytes

REPORT_FILE = "bench.json"


@dataclass(frozen=True)
class Effort:
    """How much is measured: seconds of speech, clips timed and before them, new processes."""

    speech_s: float
    times: int
    warm_up: int
    cold_starts: int


@dataclass(frozen=True)
class BenchReport:
    """What was measured, on what.

    ceiling: operations a second of large matrix products. load_s: of the preset in a process whose imports are done.
    peak_allocated_bytes: of the device; on a CPU, of the process, inputs and all. peak_reserved_bytes: what PyTorch
    took from a GPU.
    """

    preset: str
    device: str
    dtype: str
    threads: int
    versions: Mapping[str, str]
    speech_s: float
    ceiling: float
    load_s: float
    rows: tuple[ClipRow, ...]
    cold_start: Spread | None
    peak_allocated_bytes: int
    peak_reserved_bytes: int | None

    def write(self, folder: Path) -> Path:
        """As JSON; the folder is made."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / REPORT_FILE
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path


def bench(setting: Setting, effort: Effort, tell: Callable[[str], None]) -> BenchReport:
    """Measure a preset.

    Args:
        setting: what, where, on which inputs; of its recording `speech_s` seconds are spoken, repeated if need be.
        effort: how often.
        tell: hears what is measured next.
    """
    device = setting.device
    tell("matrix ceiling")
    ceiling = matrix_ceiling(device, setting.dtype)
    tell("loading")
    began = time.perf_counter()
    pipeline = load_pipeline(setting.preset, setting.weights, device, setting.dtype)
    load_s = time.perf_counter() - began
    with TemporaryDirectory(prefix="mmgt-bench-") as name:
        folder = Path(name)
        heard = replace(setting, audio=speech_of(setting.audio, effort.speech_s, folder))
        clips, rows = ClipBench(pipeline, heard.inputs(), folder), []
        for way, options in ways(pipeline).items():
            tell(f"{way}: {effort.warm_up} clips to warm up, {effort.times} timed, one counted")
            rows.append(clips.row(way, options, ceiling, effort.times, effort.warm_up))
        tell(f"{effort.cold_starts} new processes")
        cold = cold_start(heard, folder, effort.cold_starts) if effort.cold_starts else None
    return BenchReport(
        preset=setting.preset.name,
        device=device_name(device) if device.type == "cuda" else platform.processor() or platform.machine(),
        dtype=str(setting.dtype).removeprefix("torch."),
        threads=torch.get_num_threads(),
        versions={"torch": torch.__version__, "python": platform.python_version(), "cores": str(os.cpu_count())},
        speech_s=effort.speech_s,
        ceiling=ceiling,
        load_s=load_s,
        rows=tuple(rows),
        cold_start=cold,
        peak_allocated_bytes=peak_memory_bytes(device),
        peak_reserved_bytes=torch.cuda.max_memory_reserved(device) if device.type == "cuda" else None,
    )

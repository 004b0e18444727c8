"""`make gpu-check`: everything about a GPU that only a GPU can tell, on a fresh machine, in under nine minutes.

`python -m mmgt_core.bench.gpu_check CARRIED OUT [--rehearse]`. CARRIED is what `make gpu-check-prepare` collected. A
part that fails or takes too long is told as such and the next one goes on; the report is written anew after each.
"""

import argparse
import importlib.util
import json
import logging
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import MagicMock

import torch

from mmgt_core.config import MMGT_512, MMGT_DEMO

WHOLE_S = 530
"""Seconds of all parts together; a part does not begin with less than a tenth of its own left."""
_PATIENCE_AT_REHEARSAL = 30
"""A CPU's seconds for one of a GPU."""
WITHOUT = ("av", "librosa", "soxr", "skia", "optimi", "webdataset", "espeakng_loader")
"""Libraries of media and of training that are imported on the way and never used here; no room to carry them."""
PACKAGE = "mmgt_core"


class _TooLong(Exception):
    """A part's seconds are over."""


class StandIns:
    """Finds a stand-in for each of these libraries that is not installed."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = {name for name in names if importlib.util.find_spec(name) is None}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """As importlib asks."""
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in self.names else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> Any:  # noqa: ANN401 - whatever is asked of it is there
        """A module that has every attribute."""
        stand_in = MagicMock(name=spec.name)
        stand_in.__path__ = []
        return stand_in

    def exec_module(self, module: object) -> None:
        """It is done."""


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def over(number: int, frame: FrameType | None) -> None:
        raise _TooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def check_all(carried: Path, out: Path, is_rehearsal: bool) -> dict[str, Any]:
    """Run every part; a rehearsal takes the small preset, on the CPU, few times.

    Args:
        carried: has `baseline`, the package that is the measure.
        out: for report.json and report.md.
        is_rehearsal: where there is no GPU.
    """
    began = time.monotonic()
    sys.meta_path.append(StandIns(WITHOUT))
    parts = importlib.import_module("mmgt_core.bench.gpu_parts")
    report: dict[str, Any] = {"is_rehearsal": is_rehearsal, "parts": {}}
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
        check = _check(parts, carried, Path(folder), is_rehearsal)
        patience = _PATIENCE_AT_REHEARSAL if is_rehearsal else 1
        for name, (part, gpu_s) in parts.PARTS.items():
            most_s, left = patience * gpu_s, patience * WHOLE_S - (time.monotonic() - began)
            report["parts"][name] = run_part(part, check, int(min(most_s, left))) if left > most_s / 10 else _SKIPPED
            report["seconds"] = round(time.monotonic() - began, 1)
            write(report, out)
    return report


_SKIPPED = {"error": "no time was left"}


def run_part(part: Any, check: Any, seconds: int) -> dict[str, Any]:  # noqa: ANN401 - of gpu_parts
    """What a part tells within so many seconds; else its error. Never raises."""
    began = time.monotonic()
    try:
        with _at_most(seconds):
            told = dict(part(check))
    except Exception as error:  # whatever a part meets, the next one is tried
        logging.warning("gpu_check_part_failed\n%s", traceback.format_exc())
        told = {"error": f"{type(error).__name__}: {error}"[:2000]}
    return {**told, "part_s": round(time.monotonic() - began, 1)}


def _check(parts: Any, carried: Path, work: Path, is_rehearsal: bool) -> Any:  # noqa: ANN401 - of gpu_parts
    return parts.Check(
        preset=MMGT_DEMO if is_rehearsal else MMGT_512,
        device=torch.device("cpu") if is_rehearsal else torch.device("cuda", 0),
        dtype=torch.float32 if is_rehearsal else torch.float16,
        work=work,
        baseline=carried / "baseline",
        times=1 if is_rehearsal else 10,
        clip_frames=14 if is_rehearsal else 80,
        long_frames=30 if is_rehearsal else 1500,
        backend="aot_eager" if is_rehearsal else "inductor",
        matrix_side=256 if is_rehearsal else None,
    )


def write(report: Mapping[str, Any], out: Path) -> None:
    """Write report.json, and report.md for a reader."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    lines = ["# GPU check" + (", rehearsed on a CPU" if report["is_rehearsal"] else ""), ""]
    lines.append(f"{len(report['parts'])} parts in {report['seconds']} s.")
    for name, told in report["parts"].items():
        lines += ["", f"## {name}", "", *(f"- {key}: {_short(value)}" for key, value in told.items())]
    (out / "report.md").write_text("\n".join(lines) + "\n")


def _short(value: Any) -> str:  # noqa: ANN401 - whatever stands in JSON
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_short(one)}" for key, one in value.items())
    return str(value)


def main() -> None:
    """Check; print where the report is and which parts failed; status 1 if any did."""
    parser = argparse.ArgumentParser()
    parser.add_argument("carried", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rehearse", action="store_true")
    words = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    report = check_all(words.carried, words.out, words.rehearse)
    failed = [name for name, told in report["parts"].items() if "error" in told]
    sys.stdout.write((words.out / "report.md").read_text())
    sys.stdout.write(f"\nfailed: {', '.join(failed) or 'none'}; {words.out / 'report.json'}\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

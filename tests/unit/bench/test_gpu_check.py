"""The GPU check tells of each part what it can, whatever the others do."""

import json
import sys
from importlib import import_module
from pathlib import Path

from mmgt_core.bench.gpu_check import StandIns, run_part, write


def measures(check: object) -> dict[str, object]:
    return {"ms": 12.345678, "kernels": {"flash": 1.0, "cudnn": "refused"}}


def breaks(check: object) -> dict[str, object]:
    raise RuntimeError("CUDA error: out of memory")


def never_ends(check: object) -> dict[str, object]:
    while True:
        pass


def test_a_part_that_breaks_or_takes_too_long_is_told_as_such() -> None:
    told = [run_part(part, None, seconds=1) for part in (measures, breaks, never_ends, measures)]

    assert [part.get("error") for part in told] == [
        None,
        "RuntimeError: CUDA error: out of memory",
        "_TooLong: more than 1 s",
        None,
    ]


def test_the_report_is_there_for_programs_and_for_readers(tmp_path: Path) -> None:
    report = {"is_rehearsal": True, "seconds": 1.5, "parts": {"attention": run_part(measures, None, 1)}}
    write(report, tmp_path / "made")

    assert json.loads((tmp_path / "made" / "report.json").read_text()) == report
    page = (tmp_path / "made" / "report.md").read_text()
    assert "rehearsed on a CPU" in page
    assert "- ms: 12.35" in page
    assert "- kernels: flash 1; cudnn refused" in page


def test_a_library_that_is_not_installed_is_stood_in_for_and_an_installed_one_is_not() -> None:
    finder = StandIns(["sound_that_is_nowhere", "json"])
    sys.meta_path.append(finder)
    try:
        decoder = import_module("sound_that_is_nowhere.decoding")
        import_module("sound_that_is_nowhere").anything().at.all()
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith("sound_that_is_nowhere")]:
            del sys.modules[name]

    assert finder.names == {"sound_that_is_nowhere"}
    assert decoder.Decoder is decoder.Decoder

"""`mmgt bench` measures a preset whole, and tells how one report differs from another."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mmgt_core.bench.page import comparison, table
from mmgt_core.commands.bench import app
from mmgt_core.config import MMGT_DEMO

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report of the shortest clip."""
    folder = tmp_path_factory.mktemp("bench")
    sample = ROOT / "samples" / "presenters" / "man"
    words = ["--seconds", "0.5", "--times", "1", "--cold-starts", "0", "--preset", "mmgt-demo", "--device", "cpu"]
    words += ["--image", f"{sample}.png", "--audio", f"{sample}.wav", "--out", str(folder)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0
    return folder


def test_a_report_has_each_stage_the_operations_of_each_network_and_a_picture(measured: Path) -> None:
    report = json.loads((measured / "bench.json").read_text())
    row = report["rows"][0]

    assert [row["name"] for row in report["rows"]] == [mode.quality for mode in MMGT_DEMO.modes]
    assert row["num_frames"] == 12  # 12.5, rounded to even
    assert {"pose_diffusion", "conditions", "video_diffusion", "decoding"} <= set(row["stages"])
    assert all(network["operations"] > 0 for row in report["rows"] for network in row["operations"].values())
    assert all(row["is_finite"] for row in report["rows"])
    assert 0 < row["utilisation"] < 1
    assert 0 < row["first_frame"]["median"] <= row["seconds"]["median"]
    assert report["peak_allocated_bytes"] > 10**8
    assert (measured / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert "| decoding |" in (measured / "bench.md").read_text()


def test_a_faster_report_is_told_as_so_many_times_faster(measured: Path) -> None:
    before = json.loads((measured / "bench.json").read_text())
    after = json.loads((measured / "bench.json").read_text())
    row = after["rows"][0]
    row["seconds"] = {name: value / 4 if name != "times" else value for name, value in row["seconds"].items()}
    told = comparison(before, after)

    assert any(line.startswith("| exact |") and line.endswith("| 4.00 |") for line in told)
    assert any(line.startswith("| exact, decoding |") and line.endswith("| 1.00 |") for line in told)


def test_outputs_that_are_not_finite_stand_in_the_page(measured: Path) -> None:
    report = json.loads((measured / "bench.json").read_text())
    report["rows"][0]["is_finite"] = False

    assert any("not finite" in line for line in table(report))
    assert not any("not finite" in line for line in table(json.loads((measured / "bench.json").read_text())))


def test_two_files_are_compared_without_measuring(measured: Path) -> None:
    path = str(measured / "bench.json")
    done = CliRunner().invoke(app, ["--compare", path, path], catch_exceptions=False)

    assert done.exit_code == 0
    assert "times faster" in done.output

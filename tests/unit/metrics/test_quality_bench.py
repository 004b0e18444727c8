"""The measurement of quality modes: exact beside itself, and the work of each counted."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from mmgt_core.bench.mode_candidates import label_of, mode_candidates
from mmgt_core.bench.quality_modes import FIRST_SEED, measured
from mmgt_core.bench.quality_plot import draw
from mmgt_core.config import MMGT_DEMO, MMGT_DEMO_GUIDED
from mmgt_core.load import load_pipeline
from mmgt_core.metrics.image import EQUAL_DB
from mmgt_core.quality import GUIDED_MODES
from mmgt_core.synthetic.clip import synthetic_clip
from tests.small_preset import SMALL


def test_exact_is_equal_to_itself_and_a_mode_is_counted_in_rows_of_the_network(tmp_path: Path) -> None:
    fast = replace(GUIDED_MODES[-1], num_inference_steps=2)
    preset = replace(SMALL, resolution=64, num_inference_steps=3, faster_modes=(fast,))
    pipeline = load_pipeline(preset, Path("none"), torch.device("cpu"), torch.float32)
    clip = synthetic_clip(FIRST_SEED, 1.0)  # 25 frames: three windows of 12

    exact, mode = measured(pipeline, pipeline.modes, [clip])

    assert (exact.to_exact.psnr, exact.times_faster, exact.times_faster_unet) == (EQUAL_DB, 1.0, 1.0)
    assert exact.evaluations == 3 * 2 * 3 * 12 / 25  # steps, guidance, windows, frames
    assert mode.evaluations == 2 * 2 * 3 * 12 / 25
    assert mode.to_exact.psnr < EQUAL_DB
    assert mode.cpu_s > 0
    draw({"preset": "small", "clips": 1, "seconds": 0.6, "rows": [asdict(exact), asdict(mode)]}, tmp_path / "it.svg")
    assert "FAST (2)" in (tmp_path / "it.svg").read_text()


def test_candidates_of_every_kind_of_preset_are_told_apart_by_their_labels() -> None:
    for preset in (MMGT_DEMO, MMGT_DEMO_GUIDED):
        labels = [label_of(each) for each in mode_candidates(preset)]

        assert len(set(labels)) == len(labels) > 5

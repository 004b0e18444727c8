"""Laws of table V: what is compared with what, when an ordering of the paper's appears, and how it is told."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmgt_core.metrics.ablations.clip import MeasuredClip
from mmgt_core.metrics.ablations.page import ablation_numbers, ablation_page, write_ablations
from mmgt_core.metrics.ablations.rows import ABLATIONS, DIVERSITY, FGD, LIPS, LIPS_ALONE, VIDEO_PSNR, Stage
from mmgt_core.metrics.ablations.runs import PlannedRow
from mmgt_core.metrics.ablations.table import AblationRow, Verdict, orderings, tabulated
from mmgt_core.metrics.gesture import gesture_distance

NUM_CLIPS = 6
SEEDS = (0, 1, 2)
WHOLE_1, WHOLE_2 = "ablation-whole-stage-1", "ablation-whole-stage-2"


def measured(lips: float, noise: float, seed: int, shift: float = 0.0) -> list[MeasuredClip]:
    """Clips that vary much among each other, alike in every training and row, and a little by themselves."""
    of_clips, own = np.random.default_rng(1), np.random.default_rng((seed, int(1000 * lips)))
    found = []
    for _ in range(NUM_CLIPS):
        of_clip = float(of_clips.normal())
        numbers = {
            LIPS.name: lips + 0.5 * of_clip + noise * float(own.normal()),
            VIDEO_PSNR.name: 25 + of_clip,
            LIPS_ALONE.name: lips / 2,
        }
        features = of_clips.normal(size=(5, 3)) + shift
        found.append(MeasuredClip(numbers, {FGD.name: features.astype(np.float32)}))
    return found


def table(lips: Mapping[str, float], shifts: Mapping[str, float], noise: float = 0.01) -> list[AblationRow]:
    """Rows that were measured, by their lips; others as the whole method's."""
    rows = [PlannedRow(ablation, dict.fromkeys(SEEDS), "trained so") for ablation in ABLATIONS]
    clips = {
        (row.ablation.name, seed): measured(
            lips.get(row.ablation.name, 0.7), noise, seed, shifts.get(row.ablation.name, 0)
        )
        for row in rows
        for seed in SEEDS
    }
    return tabulated(rows, clips, [clip.features for clip in measured(0.7, 0, 0, 0.1)])


def by_name(rows: list[AblationRow]) -> dict[str, AblationRow]:
    return {row.ablation.name: row for row in rows}


def test_a_row_is_compared_with_its_own_stages_whole_method() -> None:
    rows = by_name(table({WHOLE_1: 0.5, WHOLE_2: 0.9, "ablation-without-film": 0.6, "ablation-still-mask": 0.6}, {}))

    assert rows[WHOLE_1].differences == rows[WHOLE_2].differences == {}
    assert rows["ablation-without-film"].differences[LIPS].value == pytest.approx(0.1, abs=0.01)
    assert rows["ablation-still-mask"].differences[LIPS].value == pytest.approx(-0.3, abs=0.01)


def test_pairing_tells_apart_what_varies_less_than_clips_do() -> None:
    found = by_name(table({"ablation-still-mask": 0.65}, {}))["ablation-still-mask"]

    spread = np.std(found.figures[LIPS].pairs[0])
    assert found.differences[LIPS].is_told_apart
    assert abs(found.differences[LIPS].value) < spread / 2
    assert not found.differences[VIDEO_PSNR].is_told_apart


def test_figures_of_sets_are_of_all_clips_and_a_row_that_cannot_change_them_is_not_told_apart() -> None:
    rows = by_name(table({}, {"ablation-without-film": 2.0}))
    truth = np.concatenate([clip.features[FGD.name] for clip in measured(0.7, 0, 0, 0.1)])
    generated = np.concatenate([clip.features[FGD.name] for clip in measured(0.7, 0, 0, 2.0)])

    found = rows["ablation-without-film"]

    assert found.figures[FGD].mean == pytest.approx(gesture_distance(generated, truth))
    assert found.differences[FGD].is_told_apart
    assert found.differences[FGD].value > 0
    assert found.differences[DIVERSITY].value == pytest.approx(0, abs=1e-6)
    same = rows["ablation-still-mask"].differences[FGD]
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_an_ordering_appears_is_reversed_or_is_not_told_apart() -> None:
    """Speech in stage 2 helps lips in the paper; motion masks cost some there."""
    rows = table(
        {"ablation-without-stage-2-audio": 0.5, "ablation-without-motion-mask": 0.6, "ablation-still-mask": 0.7}, {}
    )

    found = {each.row.ablation.name: each for each in orderings(rows) if each.column is LIPS}

    assert found["ablation-without-stage-2-audio"].is_whole_better
    assert found["ablation-without-stage-2-audio"].verdict is Verdict.APPEARS
    assert not found["ablation-without-motion-mask"].is_whole_better
    assert found["ablation-without-motion-mask"].verdict is Verdict.REVERSED
    assert found["ablation-still-mask"].verdict is Verdict.NOT_TOLD_APART


def test_lower_is_better_for_a_distance() -> None:
    rows = table({}, {"ablation-without-film": 2.0, WHOLE_2: 2.0})

    found = {each.row.ablation.name: each.verdict for each in orderings(rows) if each.column is FGD}

    assert found["ablation-without-film"] is Verdict.APPEARS
    assert found["ablation-still-mask"] is Verdict.REVERSED  # here the whole method is the worse


def test_diversity_and_our_own_rows_have_no_ordering_of_the_papers() -> None:
    found = orderings(table({}, {}))

    assert {each.column for each in found} == {FGD, LIPS, VIDEO_PSNR}
    assert len({each.row.ablation.name for each in found}) == 6


def test_a_row_of_fewer_trainings_is_paired_with_those_of_the_whole_method() -> None:
    still = next(ablation for ablation in ABLATIONS if ablation.name == "ablation-still-mask")
    rows = [PlannedRow(still.whole, dict.fromkeys(SEEDS), ""), PlannedRow(still, {1: None}, "")]
    clips = {(WHOLE_2, seed): measured(0.5 + seed, 0, seed) for seed in SEEDS} | {(still.name, 1): measured(1.4, 0, 1)}

    found = tabulated(rows, clips, [clip.features for clip in measured(0.7, 0, 0)])[1]

    assert found.seeds == (1,)
    assert found.differences[LIPS].value == pytest.approx(-0.1)


def test_the_page_shows_means_intervals_and_what_is_told_apart_in_bold_and_numbers_the_same(tmp_path: Path) -> None:
    rows = table({"ablation-without-stage-2-audio": 0.5}, {})
    found = by_name(rows)["ablation-without-stage-2-audio"].differences[LIPS]

    page = ablation_page(rows, 40, "command", "picture.png")
    numbers = ablation_numbers(rows, 40, "command")

    told = f"{found.value:+.3f} ({found.low:+.3f} … {found.high:+.3f})"
    assert f": **{told}**" in page
    assert (
        f"the whole method better than without speech in stage 2: lips | 4.51 against 3.58 | **{told}** | appears"
        in page
    )
    assert "the paper's orderings: 1 appears" in page.lower()
    of_row = next(row for row in numbers["rows"] if row["name"] == "ablation-without-stage-2-audio")
    told_by_numbers = of_row["figures"]["lips"]
    assert (told_by_numbers["low"], told_by_numbers["high"]) == (found.low, found.high)
    assert told_by_numbers["is_told_apart"]
    json.dumps(numbers)


def test_a_row_that_was_not_measured_says_why_and_has_no_numbers() -> None:
    rows = [PlannedRow(ABLATIONS[0], {0: None}, "the given weights"), PlannedRow(ABLATIONS[1], {}, "not measured: no")]

    found = tabulated(rows, {(WHOLE_1, 0): measured(0.7, 0, 0)}, [clip.features for clip in measured(0.7, 0, 0)])
    page = ablation_page(found, NUM_CLIPS, "command", "picture.png")

    assert found[1].figures == found[1].differences == {}
    assert "- without two branches: not measured: no\n" in page


def test_the_report_has_a_picture_to_be_looked_at(tmp_path: Path) -> None:
    page = write_ablations(table({"ablation-still-mask": 0.5}, {}), NUM_CLIPS, "command", tmp_path / "results")

    with Image.open(page.parent / "ablations.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    assert "(ablations.png)" in page.read_text()
    red = (pixels[:, 0] > 180) & (pixels[:, 1] < 80) & (pixels[:, 2] < 80)
    assert red.any()  # the whole method is the better one
    assert json.loads((page.parent / "ablations.json").read_text())["clips"] == NUM_CLIPS


def test_both_stages_have_a_whole_method_before_its_rows() -> None:
    for stage in Stage:
        rows = [ablation for ablation in ABLATIONS if ablation.stage is stage]

        assert [row.is_whole for row in rows] == [True, *[False] * (len(rows) - 1)]

"""Laws of measuring table V: each training of each row on each clip, once, and again when other things count."""

from pathlib import Path

import pytest
import torch

from mmgt_core.metrics.ablations import measuring
from mmgt_core.metrics.ablations.clip import FeatureExtractors, MeasuredClip
from mmgt_core.metrics.ablations.measuring import Training, is_measured, measure_ablations, measure_training
from mmgt_core.metrics.ablations.rows import ABLATIONS, FGD, LIPS, Ablation
from mmgt_core.metrics.ablations.runs import PlannedRow, planned_rows
from mmgt_core.metrics.pose_autoencoder import pose_windows, train_pose_autoencoder
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import SyntheticClip, synthetic_clip
from tests.unit.metrics.knowing_system import KnowingSystem

BY_NAME = {ablation.name: ablation for ablation in ABLATIONS}
WHOLE, STILL = BY_NAME["ablation-whole-stage-2"], BY_NAME["ablation-still-mask"]


@pytest.fixture(scope="module")
def clips() -> list[SyntheticClip]:
    return [synthetic_clip(FIRST_HELD_OUT_SEED + index, 2) for index in range(3)]


@pytest.fixture(scope="module")
def extractors(clips) -> FeatureExtractors:
    network = train_pose_autoencoder([clip.pose_sequence for clip in clips], num_steps=2)
    return FeatureExtractors(network, None, torch.device("cpu"))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path | None, int]]:
    """Row, folder and clip of whatever is measured, in order; the networks themselves are left out."""
    found: list[tuple[str, Path | None, int]] = []

    def taken(_: object, ablation: Ablation, folder: Path | None) -> tuple[str, Path | None]:
        return ablation.name, folder

    def measure(clip: SyntheticClip, system: tuple[str, Path | None], _: object, extractors: FeatureExtractors):
        found.append((*system, clip.seed))
        features = extractors.poses.features(pose_windows(clip.pose_sequence))
        return MeasuredClip({LIPS.name: 0.5 + len(system[0]) / 100 + clip.seed / 1e7}, {FGD.name: features})

    monkeypatch.setattr(measuring, "ablated", taken)
    monkeypatch.setattr(measuring, "measure_clip", measure)
    return found


def test_every_training_of_every_row_is_measured_on_every_clip_and_kept(clips, extractors, measured, tmp_path) -> None:
    rows = [PlannedRow(WHOLE, {0: None, 1: tmp_path}, ""), PlannedRow(STILL, {1: tmp_path}, "")]
    told: list[tuple[str, int, int]] = []
    seeds = [clip.seed for clip in clips]

    def once():
        return measure_ablations(
            rows, KnowingSystem(clips), clips, tmp_path / "out", "facts", extractors, lambda *of: told.append(of)
        )

    table = once()
    first = list(measured)
    again = once()

    runs = [(WHOLE.name, None), (WHOLE.name, tmp_path), (STILL.name, tmp_path)]
    assert first == [(*run, seed) for run in runs for seed in seeds]
    assert measured == first
    assert told[:4] == [("ablations", number, 3) for number in range(4)]
    assert [row.seeds for row in table] == [(0, 1), (1,)]
    assert again[1].differences == table[1].differences
    assert table[1].figures[FGD].mean == pytest.approx(0, abs=1e-6)  # what was measured is the truth itself


def test_what_was_measured_with_other_facts_weights_or_rows_is_measured_anew(
    clips, extractors, measured, tmp_path
) -> None:
    run, other_run = tmp_path / "run", tmp_path / "other"
    for folder, content in ((run, b"one"), (other_run, b"two")):
        folder.mkdir()
        (folder / "smga.safetensors").write_bytes(content)
    kept = Training(STILL, 0, run).store(tmp_path / "out", "facts")
    measure_training(Training(STILL, 0, run), KnowingSystem(clips), clips, kept, extractors)
    out = tmp_path / "out"

    assert is_measured(kept, clips)
    assert is_measured(Training(STILL, 0, run).store(out, "facts"), clips)
    assert not is_measured(Training(STILL, 0, run).store(out, "other facts"), clips)
    assert not is_measured(Training(STILL, 0, other_run).store(out, "facts"), clips)
    assert not is_measured(Training(STILL, 0, None).store(out, "facts"), clips)
    assert not is_measured(Training(STILL, 1, run).store(out, "facts"), clips)
    assert not is_measured(kept, [synthetic_clip(FIRST_HELD_OUT_SEED, 3)])


def test_what_is_kept_is_read_as_it_was(clips, extractors, measured, tmp_path) -> None:
    store = Training(WHOLE, 0, None).store(tmp_path, "facts")

    (first,) = measure_training(Training(WHOLE, 0, None), KnowingSystem(clips), clips[:1], store, extractors)
    read = store.read(clips[0])

    assert read is not None
    assert read.numbers == first.numbers
    assert set(read.features) == {FGD.name}
    assert (read.features[FGD.name] == first.features[FGD.name]).all()


def test_a_folder_without_runs_has_the_rows_that_can_be_left_out_when_sampling(tmp_path) -> None:
    names = {each.ablation.name for each in measuring.trainings_of(planned_rows(tmp_path))}

    assert names == {ablation.name for ablation in ABLATIONS if not ablation.needs_training}

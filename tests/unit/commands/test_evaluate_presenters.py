"""`mmgt evaluate presenters`, `ablations` and `autoencoder` as a user meets them, and the processes under the first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest

from mmgt_core.commands import evaluate, evaluate_presenters, presenter_workers
from mmgt_core.commands.presenter_workers import SystemSource, measure_in_processes, trainings_in_processes
from mmgt_core.config import MMGT_DEMO, Preset, SamplingOptions
from mmgt_core.errors import WeightsError
from mmgt_core.metrics.ablations.clip import MeasuredClip
from mmgt_core.metrics.ablations.measuring import Training
from mmgt_core.metrics.ablations.rows import ABLATIONS
from mmgt_core.metrics.ablations.store import MeasuredStore
from mmgt_core.metrics.presenter_store import ClipStore
from mmgt_core.synthetic.bounds import FIRST_HELD_OUT_SEED
from mmgt_core.synthetic.clip import synthetic_clip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("presenters", "--steps", "0"), "greater than or equal to 1 "),
        (("ablations", "--runs", "runs", "--steps", "101"), "less than or equal to 100 "),
        (("ablations", "--runs", "runs", "--clips", "2"), "greater than or equal to 3 "),
        (("autoencoder",), "Missing option '--out'"),
        (("autoencoder", "--out", "a", "--clips", "900001"), "less than or equal to 900000 "),
    ],
)
def test_wrong_usage_ends_with_2_and_names_the_number(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate.run(["evaluate", *words])

    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())  # the box wraps its lines


@pytest.mark.parametrize(("weights", "told"), [("weights", ""), ("my weights", " --weights 'my weights'")])
def test_the_command_in_the_report_is_the_one_that_was_given(weights: str, told: str) -> None:
    command = evaluate_presenters._command(
        "presenters", "mmgt-demo", Path(weights), 40, FIRST_HELD_OUT_SEED, 2.5, 5, Path("out")
    )

    assert command == (
        f"mmgt evaluate presenters --preset mmgt-demo --clips 40 --first-seed 900000{told} --seconds 2.5 --steps 5"
        " --out out"
    )


def test_clips_are_measured_anew_for_another_preset_options_length_or_weights() -> None:
    def system(preset: Preset = MMGT_DEMO, seed: int = 1, **weights: str) -> SimpleNamespace:
        return SimpleNamespace(
            pipeline=SimpleNamespace(preset=preset, weights={"vae": "1", **weights}), options=SamplingOptions(seed=seed)
        )

    guided, seeded, taught = system(replace(MMGT_DEMO, pose_guidance_scale=1.0)), system(seed=2), system(smga="2")
    found = [(system(), 3.2), (guided, 3.2), (seeded, 3.2), (taught, 3.2), (system(), None)]

    assert len({evaluate_presenters.fingerprint(*given) for given in found}) == len(found)
    assert evaluate_presenters.fingerprint(system(), 3.2) == evaluate_presenters.fingerprint(system(), 3.2)


def test_a_clip_that_fails_is_told_at_once_and_those_that_wait_are_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, is_told = [], Event()

    def measure(source: SystemSource, store: ClipStore, clip: object, other: object) -> None:
        begun.append(clip)
        if len(begun) == 1:
            raise WeightsError("no weights")
        is_told.wait(timeout=2)

    monkeypatch.setattr(presenter_workers, "_measure", measure)
    monkeypatch.setattr(presenter_workers, "ProcessPoolExecutor", lambda number, _: ThreadPoolExecutor(number))
    clip, store = synthetic_clip(FIRST_HELD_OUT_SEED, 1), ClipStore(tmp_path, "")

    with pytest.raises(WeightsError, match="no weights"):
        measure_in_processes([clip] * 5, SystemSource("mmgt-demo", tmp_path, None), store, 1, lambda *_: None)
    begun_before = len(begun)
    is_told.set()

    assert begun_before <= 2


def test_trainings_that_are_measured_already_are_not_begun_and_count_as_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Training] = []
    told: list[tuple[str, int, int]] = []
    clip = synthetic_clip(FIRST_HELD_OUT_SEED, 1)
    trainings = [Training(ABLATIONS[0], seed, None) for seed in range(3)]
    stores = [training.store(tmp_path, "facts") for training in trainings]
    stores[1].write(clip, MeasuredClip({}, {}))

    def measure(_: SystemSource, training: Training, clips: object, store: MeasuredStore, i3d: None) -> None:
        begun.append(training)

    monkeypatch.setattr(presenter_workers, "_measure_training", measure)
    monkeypatch.setattr(presenter_workers, "ProcessPoolExecutor", lambda number, _: ThreadPoolExecutor(number))
    source = SystemSource("mmgt-demo", Path("none"), None)

    trainings_in_processes(trainings, [clip], source, stores, None, 1, lambda *of: told.append(of))

    assert begun == [trainings[0], trainings[2]]
    assert told == [("ablations", 2, 3), ("ablations", 3, 3)]

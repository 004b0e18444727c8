"""Laws of `make demo-weights`: a training runs in several processes, and once."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmgt_core.checkpoints.packaged import PACKAGED_WEIGHTS
from mmgt_core.errors import MMGTError
from mmgt_core.metrics.ablations.rows import ABLATIONS
from mmgt_core.training.demo import steps
from mmgt_core.training.demo.steps import STEPS, main, train
from mmgt_core.training.machinery.configuration import packaged_names

SHORT = """
base = "demo-vae"
[loop]
steps = {steps}
batch_size = 2
[vae.presenters]
num_clips = 10
frames_per_clip = 1
"""


def test_a_training_runs_in_two_processes_once_and_leaves_its_weights(tmp_path: Path) -> None:
    configuration = tmp_path / "demo-short.toml"
    configuration.write_text(SHORT.format(steps=2))
    train(str(configuration), tmp_path)
    report = tmp_path / "short" / "report.json"
    finished = report.stat()

    train(str(configuration), tmp_path)

    assert json.loads(report.read_text())["num_processes"] == 2
    assert (tmp_path / "short" / "vae.safetensors").is_file()
    assert report.stat().st_mtime_ns == finished.st_mtime_ns

    report.unlink()
    configuration.write_text(SHORT.format(steps=2).replace("batch_size = 2", "batch_size = 4"))
    with pytest.raises(MMGTError, match=r"training .* ended with"):
        train(str(configuration), tmp_path)


@dataclass(frozen=True)
class Trained:
    """A training as `steps.train` was asked for it: where it starts, learns from and leaves its networks."""

    name: str
    seed: int | None
    start: Path
    data: Path
    run: Path


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Trained]:
    """What is trained, in order, each once; nothing is drawn, encoded or learned."""
    found: list[Trained] = []

    def note(name: str, out: Path, seed: int | None = None) -> None:
        configuration = steps._configuration(name, out, seed)
        start = Path(configuration.options.get("start", "none"))
        data, run = steps._data_folder(configuration, out), steps._run_folder(configuration, out)
        if all(each.run != run for each in found):
            found.append(Trained(name, configuration.loop.seed, start, data, run))

    monkeypatch.setattr(steps, "train", note)
    monkeypatch.setattr(steps, "presenters", lambda *_: None)
    monkeypatch.setattr(steps, "adopt_vae", lambda *_: None)
    return found


def test_every_row_of_table_v_is_trained_from_three_seeds_one_after_the_other(
    tmp_path: Path, trained: list[Trained]
) -> None:
    names = [name for name in packaged_names() if name.startswith("ablation-")]

    main([str(tmp_path), "ablations"])

    assert [each.seed for each in trained] == sorted(each.seed for each in trained)
    assert {(each.name, each.seed) for each in trained} == {(name, seed) for name in names for seed in range(3)}
    assert all(each.run == tmp_path / each.name / f"seed-{each.seed}" for each in trained)
    assert {ablation.name for ablation in ABLATIONS if ablation.has_finisher} <= set(names)


def test_rows_of_stage_2_go_on_from_the_run_of_their_own_seed_which_is_trained_before(
    tmp_path: Path, trained: list[Trained]
) -> None:
    main([str(tmp_path), "ablation-still-mask"])

    first, row = trained[:2]
    assert (first.name, first.seed, row.name, row.seed) == ("ablation-video", 0, "ablation-still-mask", 0)
    assert first.start == tmp_path / "image-of-package"
    assert len(list(first.start.glob("*.safetensors"))) == 4
    assert [each.start for each in trained[1::2]] == [tmp_path / "ablation-video" / f"seed-{seed}" for seed in range(3)]


def test_ablations_start_from_the_folders_process_1_where_it_is(tmp_path: Path, trained: list[Trained]) -> None:
    own = tmp_path / "image"
    own.mkdir()
    (own / "denoising_unet.safetensors").touch()

    main([str(tmp_path), "ablation-video"])

    assert {each.start for each in trained} == {own}
    assert not (tmp_path / "image-of-package").exists()


def test_ablations_learn_from_presenters_of_their_own_and_all_of_stage_2_from_the_same(
    tmp_path: Path, trained: list[Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Path, object]] = []
    monkeypatch.setattr(steps, "presenters", lambda folder, _, config, *__: drawn.append((folder, config)))

    main([str(tmp_path), "ablations"])

    assert {each.data for each in trained} == {tmp_path / "ablation-clips", tmp_path / "poses"}
    assert {folder for folder, _ in drawn} == {tmp_path / "ablation-clips"}
    assert len({config for _, config in drawn}) == 1


def test_a_member_trains_from_the_seed_that_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[int, Path]] = []
    monkeypatch.setattr(steps, "_prepared", lambda configuration, out: SimpleNamespace(process=None, data=None))
    monkeypatch.setattr(steps, "run_training", lambda _, __, loop, folder, ___: found.append((loop.seed, folder)))

    main([steps.MEMBER, "ablation-without-film", str(tmp_path), "2"])

    assert found == [(2, tmp_path / "ablation-without-film" / "seed-2")]


def test_the_demos_own_process_2_never_starts_from_the_package(tmp_path: Path) -> None:
    (tmp_path / "image-of-package").mkdir()

    assert steps._configuration("demo-video", tmp_path).options["start"] == str(tmp_path / "image")


def test_the_end_of_stage_2_learns_from_what_the_folders_networks_draw_or_else_the_packages(tmp_path: Path) -> None:
    def sources() -> tuple[str, str]:
        options = steps._configuration("demo-details", tmp_path).options
        return options["start"], options["vae"]

    packages = (str(PACKAGED_WEIGHTS), str(PACKAGED_WEIGHTS / "vae.safetensors"))
    alone = sources()
    later_vae, own = tmp_path / "vae" / "standardised", tmp_path / "speech"
    for path in (later_vae, own, tmp_path / "video"):
        path.mkdir(parents=True)
    (later_vae / "vae.safetensors").touch()
    (tmp_path / "video" / "denoising_unet.safetensors").touch()
    with_an_autoencoder_of_its_own = sources()
    (own / "denoising_unet.safetensors").touch()

    assert alone == with_an_autoencoder_of_its_own == packages
    assert sources() == (str(own), str(tmp_path / "clips" / "vae.safetensors"))  # which they learned with


def test_portraits_are_moved_from_what_the_folders_detector_finds_or_else_the_packages(tmp_path: Path) -> None:
    def detector() -> str:
        return str(steps._configuration("demo-details", tmp_path).options["detector"])

    packages = detector()
    own = tmp_path / "keypoints" / "keypoints.safetensors"
    own.parent.mkdir()
    own.touch()

    assert packages == str(PACKAGED_WEIGHTS / "keypoints.safetensors")
    assert detector() == str(own)


def test_speech_goes_on_with_the_folders_process_2_or_else_the_packages(tmp_path: Path) -> None:
    def start() -> str:
        return str(steps._configuration("demo-speech", tmp_path).options["start"])

    alone = start()
    (tmp_path / "video").mkdir()
    (tmp_path / "video" / "denoising_unet.safetensors").touch()

    assert (alone, start()) == (str(PACKAGED_WEIGHTS), str(tmp_path / "video"))


def test_steps_of_the_demo_are_known_by_name(tmp_path: Path) -> None:
    with pytest.raises(MMGTError, match=f"no step paint; there are {', '.join(STEPS)}"):
        main([str(tmp_path), "paint"])
